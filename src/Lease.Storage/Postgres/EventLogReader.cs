using Lease.Kernel.Persistence;

namespace Lease.Storage.Postgres;

/// <summary>
/// <see cref="IEventLog"/> over the events of all nodes. Their order is (time, shard, sequence): within a shard that is the order of commits, and up to the time that the tail has found
/// settled nothing can be added any more.
/// </summary>
/// <param name="connections">Connections that read.</param>
/// <param name="tail">Knows what is settled.</param>
/// <param name="retention">For how long events are kept.</param>
internal sealed class EventLogReader(ReadConnections connections, EventTail tail, TimeSpan retention)
{
    public StreamPosition End => new EventPosition(tail.Readable, int.MaxValue, long.MaxValue);

    public StreamPosition? FindStart(long since) => connections.Use((since, retention), static (connection, query) =>
    {
        using var now = connection.Query("SELECT cluster_time(0), (SELECT value::bigint FROM meta WHERE key = 'pruned-through')");
        var isKept = query.since > now.Int64(0, 0) - (long)query.retention.TotalMilliseconds && query.since > now.Int64(0, 1);
        return isKept ? new EventPosition(query.since, -1, 0) : null;
    });

    public ReplayResult Replay<TVisitor>(StreamPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        var begin = (EventPosition)after;
        var (rows, pruned) = connections.Use((begin, tail.Readable, limit), static (connection, query) =>
        {
            var events = Read(connection, query.begin, query.Readable, query.limit);

            // After the events: what was deleted before they were read is known then.
            using var prunedThrough = connection.Query("SELECT value::bigint FROM meta WHERE key = 'pruned-through'");
            return (events, prunedThrough.Int64(0, 0));
        });
        using (rows)
        {
            var position = begin;
            for (var row = 0; row < rows.Rows; row++)
            {
                if (!rows.IsNull(row, 5) && !visitor.Visit(TableQueries.RecordOf(rows, row, foundBy: null, first: 5)))
                    return new ReplayResult(position, Ended: false, Lost: begin.At < pruned);
                position = PositionOf(rows, row);
            }

            return new ReplayResult(position, Ended: rows.Rows < limit, Lost: begin.At < pruned);
        }
    }

    /// <summary>Events behind a place up to a time, in order: time, shard, sequence, key, payload; then, for the newest event of a binding, its row as in a walk.</summary>
    public static Result Read(Connection connection, EventPosition after, long through, int limit)
    {
        connection.Parameters.Add(after.At).Add((long)after.Shard).Add(after.Sequence).Add(through).Add((long)limit);
        return connection.Query(
            """
            SELECT e.at, e.shard_id, e.sequence, e.binding_key, e.payload, b.id, b.shard_id, b.sequence, b.changed_at, b.binding_key, b.payload
            FROM event e LEFT JOIN binding b ON b.binding_key = e.binding_key AND b.sequence = e.sequence AND b.shard_id = e.shard_id
            WHERE (e.at, e.shard_id, e.sequence) > ($1, $2, $3) AND e.at <= $4 ORDER BY e.at, e.shard_id, e.sequence LIMIT $5
            """);
    }

    /// <summary>The place of an event that was read.</summary>
    public static EventPosition PositionOf(Result rows, int row) => new(rows.Int64(row, 0), (int)rows.Int64(row, 1), rows.Int64(row, 2));
}

/// <summary>Behind an event.</summary>
/// <param name="At">Its time, Unix milliseconds.</param>
/// <param name="Shard">Its shard; -1: in front of every event of that time.</param>
/// <param name="Sequence">Its number in the shard.</param>
internal sealed record EventPosition(long At, int Shard, long Sequence) : StreamPosition;

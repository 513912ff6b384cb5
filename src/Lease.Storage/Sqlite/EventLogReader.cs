using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>
/// <see cref="IEventLog"/> on the event table. There is one writer, so the order of event numbers is the order of commits and of times, over all shards.
/// </summary>
/// <param name="file">The database file.</param>
/// <param name="journal">Knows the first and the last event.</param>
/// <param name="options">The retention.</param>
internal sealed class EventLogReader(StoreFile file, SqliteJournal journal, SqliteStoreOptions options) : IDisposable
{
    private readonly ReadConnections<Statements> connections = new(file, static database => new Statements(database));

    public StreamPosition End => new Position(journal.LastEvent);

    public StreamPosition? FindStart(long since)
    {
        var now = options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        if (since <= now - (long)options.EventMaxAge.TotalMilliseconds)
            return null;
        var connection = connections.Take();
        var low = journal.FirstEvent;
        var high = journal.LastEvent + 1;

        // Of the events at the time of the oldest some may have been deleted.
        var isCovered = low == 1 || (TryRead(connection.Statements.AtOrBehind, low, high, out _, out var oldest) && oldest < since);
        while (isCovered && low < high)
        {
            var middle = low + ((high - low) / 2);
            if (!TryRead(connection.Statements.AtOrBehind, middle, high, out var id, out var at) || at >= since)
                high = middle;
            else
                low = id + 1;
        }

        connections.Return(connection);
        return isCovered ? new Position(low - 1) : null;
    }

    public ReplayResult Replay<TVisitor>(StreamPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        var last = ((Position)after).Event;
        var connection = connections.Take();
        var statement = connection.Statements.Replay.Bind(1, last).Bind(2, limit);
        var seen = 0;
        var begin = last;
        var refused = false;
        while (!refused && statement.Step())
        {
            refused = !statement.IsNull(1) && !visitor.Visit(RecordOf(statement));
            if (refused)
                continue;
            last = statement.Int64(0);
            if (++seen == limit)
                break;
        }

        statement.Reset();
        connections.Return(connection);
        return new ReplayResult(new Position(last), Ended: !refused && seen < limit, Lost: begin + 1 < journal.FirstEvent);
    }

    public void Dispose() => connections.Dispose();

    private static bool TryRead(Statement statement, long from, long before, out long id, out long at)
    {
        statement.Bind(1, from).Bind(2, before);
        var found = statement.Step();
        id = found ? statement.Int64(0) : 0;
        at = found ? statement.Int64(1) : 0;
        statement.Reset();
        return found;
    }

    private static BindingRecord RecordOf(Statement statement) => new()
    {
        RowId = statement.Int64(1),
        Shard = (int)statement.Int64(2),
        Sequence = statement.Int64(3),
        ChangedAt = statement.Int64(4),
        Key = statement.Blob(5),
        Payload = statement.Blob(6),
    };

    private sealed record Position(long Event) : StreamPosition;

    private sealed class Statements(Database database)
    {
        public Statement AtOrBehind { get; } = database.Prepare("SELECT id, at FROM event WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 1");

        // A binding's row is joined to its newest event only.
        public Statement Replay { get; } = database.Prepare(
            """
            SELECT e.id, b.id, b.shard_id, b.sequence, b.changed_at, b.binding_key, b.payload
            FROM event e LEFT JOIN binding b ON b.binding_key = e.binding_key AND b.sequence = e.sequence AND b.shard_id = e.shard_id
            WHERE e.id > ?1 ORDER BY e.id LIMIT ?2
            """);
    }
}

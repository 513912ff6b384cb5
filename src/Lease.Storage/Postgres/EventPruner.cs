namespace Lease.Storage.Postgres;

/// <summary>Deletes old events in small steps. Any node may do it, one at a time; how far it has gone stands in the meta table, in the same transaction.</summary>
internal sealed class EventPruner(PostgresStoreOptions options)
{
    private const int Step = 5000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    // Any number that other programs are unlikely to lock.
    private const long PruneLock = 0x5072756e65;

    private long next;

    /// <summary>Called again and again; does something now and then.</summary>
    /// <exception cref="StoreException">The server does not answer.</exception>
    public void Prune(Connection connection)
    {
        if (Environment.TickCount64 < next)
            return;
        next = Environment.TickCount64 + (long)Interval.TotalMilliseconds;
        try
        {
            while (TryPruneStep(connection))
            {
                // As long as a step finds as much as it may delete.
            }
        }
        catch (StoreException e) when (!connection.IsBroken)
        {
            options.Logger.NotPruned(e.Message);
            connection.Rollback();
        }
    }

    private bool TryPruneStep(Connection connection)
    {
        connection.Begin();
        connection.Parameters.Add(PruneLock);
        using var locked = connection.Query("SELECT pg_try_advisory_xact_lock($1)::int");
        var deleted = locked.Int64(0, 0) == 1 && FindEnd(connection) is { } end ? Delete(connection, end) : 0;
        connection.Commit();
        return deleted >= Step;
    }

    // The time of the last event to be deleted in this step; null when there is none.
    private long? FindEnd(Connection connection)
    {
        // Each shard's events are numbered without a gap, so they need not be counted.
        using var kept = connection.Query(
            "SELECT (SELECT sum(last_sequence) FROM shard)::bigint - (SELECT value::bigint FROM meta WHERE key = 'pruned-count'), cluster_time(0)");
        var excess = Math.Clamp(kept.Int64(0, 0) - options.EventMaxCount, 0, Step);
        var tooOld = kept.Int64(0, 1) - (long)options.EventMaxAge.TotalMilliseconds;
        connection.Parameters.Add(tooOld).Add((long)Step).Add(excess);
        using var end = connection.Query(
            """
            SELECT greatest(
              (SELECT max(at) FROM (SELECT at FROM event WHERE at < $1 ORDER BY at, shard_id, sequence LIMIT $2) e),
              (SELECT max(at) FROM (SELECT at FROM event ORDER BY at, shard_id, sequence LIMIT $3) e))
            """);
        return end.IsNull(0, 0) ? null : end.Int64(0, 0);
    }

    private static long Delete(Connection connection, long end)
    {
        connection.Parameters.Add(end);
        using var gone = connection.Query("WITH gone AS (DELETE FROM event WHERE at <= $1 RETURNING 1) SELECT count(*) FROM gone");
        connection.Parameters.Add(end).Add(gone.Int64(0, 0));
        connection.Run(
            """
            UPDATE meta SET value = CASE key WHEN 'pruned-through' THEN greatest(value::bigint, $1)::text ELSE (value::bigint + $2)::text END
            WHERE key IN ('pruned-through', 'pruned-count')
            """);
        return gone.Int64(0, 0);
    }
}

using Lease.Kernel.Persistence;

namespace Lease.Storage.Postgres;

/// <summary>A cluster as its database knows it.</summary>
/// <param name="Server">Host, port and database that answered.</param>
/// <param name="ClusterId">The cluster's identity.</param>
/// <param name="View">Nodes and owners.</param>
/// <param name="Shards">What is known of each shard beside its owner, by number.</param>
/// <param name="Replicas">The database's streaming replicas.</param>
public sealed record ClusterReport(string Server, Guid ClusterId, ClusterView View, IReadOnlyList<ShardReport> Shards, IReadOnlyList<ReplicaReport> Replicas)
{
    /// <summary>Asks the database, without being a node.</summary>
    /// <exception cref="StoreException">It cannot be reached, or holds no cluster.</exception>
    public static ClusterReport Read(PostgresStoreOptions options)
    {
        using var connection = Connection.Open(options, "status");
        using var made = connection.Query("SELECT to_regclass('meta') IS NOT NULL");
        if (made.Blob(0, 0)[0] == 0 || Schema.Meta(connection, "cluster-id") is not { } id)
            throw new StoreException($"{connection.Server} holds no cluster");
        var view = ShardTable.View(connection);
        return new ClusterReport(connection.Server, Guid.Parse(id), view, ReadShards(connection), ReadReplicas(connection));
    }

    private static List<ShardReport> ReadShards(Connection connection)
    {
        using var rows = connection.Query("SELECT last_sequence, changed_at FROM shard ORDER BY shard_id");
        var shards = new List<ShardReport>(rows.Rows);
        for (var row = 0; row < rows.Rows; row++)
            shards.Add(new ShardReport(rows.Int64(row, 0), rows.Int64(row, 1)));
        return shards;
    }

    private static List<ReplicaReport> ReadReplicas(Connection connection)
    {
        using var rows = connection.Query(
            """
            SELECT application_name, coalesce(state, ''), coalesce(sync_state, ''), coalesce(floor(extract(epoch FROM replay_lag) * 1000), 0)::bigint,
              coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::bigint
            FROM pg_stat_replication ORDER BY application_name
            """);
        var replicas = new List<ReplicaReport>(rows.Rows);
        for (var row = 0; row < rows.Rows; row++)
            replicas.Add(new ReplicaReport(rows.Text(row, 0), rows.Text(row, 1), rows.Text(row, 2), TimeSpan.FromMilliseconds(rows.Int64(row, 3)), rows.Int64(row, 4)));
        return replicas;
    }
}

/// <summary>A shard's events.</summary>
/// <param name="LastSequence">Number of the last one.</param>
/// <param name="ChangedAt">Its time, Unix milliseconds; 0: none yet.</param>
public sealed record ShardReport(long LastSequence, long ChangedAt);

/// <summary>A streaming replica of the database.</summary>
/// <param name="Name">Its <c>application_name</c>.</param>
/// <param name="State">As PostgreSQL says: <c>streaming</c>, <c>catchup</c>.</param>
/// <param name="Synchronous">As PostgreSQL says: <c>async</c>, <c>sync</c>, <c>quorum</c>.</param>
/// <param name="Lag">How far behind its answers are; 0 when nothing is written.</param>
/// <param name="OctetsBehind">What it has not replayed yet.</param>
public sealed record ReplicaReport(string Name, string State, string Synchronous, TimeSpan Lag, long OctetsBehind);

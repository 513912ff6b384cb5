using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>The node and shard tables of a file that one process holds: there is never another node that lives. Each is called in a job of the journal: on its thread, in a transaction.</summary>
internal static class ShardTable
{
    /// <summary>No other node changes anything.</summary>
    public static readonly IDisposable NobodyElse = new Nothing();

    public static long Join(Database database, SqliteJournal journal, string nodeId, string address, string fingerprint, long now)
    {
        journal.NodeId = nodeId;
        using var node = database.PrepareOnce(
            """
            INSERT INTO node (node_id, address, incarnation, heartbeat_at, state, fingerprint) VALUES (?1, ?2, 1, ?3, 'up', ?4)
            ON CONFLICT (node_id) DO UPDATE SET address = ?2, incarnation = incarnation + 1, heartbeat_at = ?3, state = 'up', fingerprint = ?4
            """);
        node.Bind(1, nodeId).Bind(2, address).Bind(3, now).Bind(4, fingerprint).Run();
        return Incarnation(database, nodeId);
    }

    public static ClusterView View(Database database, string nodeId, long incarnation, NodeState state, long now)
    {
        var nodes = new List<NodeStatus>();
        using (var node = database.PrepareOnce("SELECT address, fingerprint FROM node WHERE node_id = ?1 AND incarnation = ?2"))
        {
            node.Bind(1, nodeId).Bind(2, incarnation);
            if (node.Step())
                nodes.Add(new NodeStatus(nodeId, incarnation, node.IsNull(0) ? "" : node.Text(0), state, node.IsNull(1) ? "" : node.Text(1), now, TimeSpan.Zero));
        }

        var shards = new List<ShardOwnership>();
        using var read = database.PrepareOnce("SELECT shard_id, owner, epoch FROM shard ORDER BY shard_id");
        while (read.Step())
            shards.Add(new ShardOwnership((int)read.Int64(0), read.IsNull(1) ? null : read.Text(1), read.Int64(2)));
        return new ClusterView(now, now, nodes, shards);
    }

    public static IReadOnlyList<ShardGrant> Claim(Database database, SqliteJournal journal, string nodeId, IReadOnlyList<ShardOwnership> seen)
    {
        var grants = new List<ShardGrant>();
        using var claim = database.PrepareOnce("UPDATE shard SET owner = ?1, epoch = epoch + 1 WHERE shard_id = ?2 AND epoch = ?3 RETURNING epoch, last_sequence, changed_at");
        foreach (var shard in seen)
        {
            claim.Bind(1, nodeId).Bind(2, shard.Shard).Bind(3, shard.Epoch);
            if (claim.Step())
            {
                var grant = new ShardGrant(shard.Shard, claim.Int64(0), claim.Int64(1));
                grants.Add(grant);
                journal.Own(grant, claim.Int64(2));
            }

            claim.Reset();
        }

        return grants;
    }

    public static bool Release(Database database, string nodeId, IReadOnlyList<ShardGrant> grants)
    {
        using var release = database.PrepareOnce("UPDATE shard SET owner = NULL, epoch = epoch + 1 WHERE shard_id = ?1 AND owner = ?2 AND epoch = ?3");
        foreach (var grant in grants)
            release.Bind(1, grant.Shard).Bind(2, nodeId).Bind(3, grant.Epoch).Run();
        return true;
    }

    public static bool Leave(Database database, string nodeId, long incarnation, long now)
    {
        using var node = database.PrepareOnce("UPDATE node SET state = 'down', heartbeat_at = ?3 WHERE node_id = ?1 AND incarnation = ?2");
        node.Bind(1, nodeId).Bind(2, incarnation).Bind(3, now).Run();
        return true;
    }

    private static long Incarnation(Database database, string nodeId)
    {
        using var read = database.PrepareOnce("SELECT incarnation FROM node WHERE node_id = ?1");
        read.Bind(1, nodeId);
        return read.Step() ? read.Int64(0) : throw new StoreException($"node {nodeId} could not be entered");
    }

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
        }
    }
}

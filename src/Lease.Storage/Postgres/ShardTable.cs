using Lease.Kernel.Persistence;

namespace Lease.Storage.Postgres;

/// <summary>The node and shard tables, by the cluster's time (Migrations/0003.sql). Each is called in a job of the journal: on its thread, in a transaction.</summary>
internal sealed class ShardTable(PostgresJournal journal)
{
    /// <summary>The channel on which a change of a node or an owner is told.</summary>
    public const string Channel = "lease_cluster";

    // A node that left stands in the table, so that its incarnations go on counting.
    private const long Left = -1;

    private NodeState? toldState;

    public long Join(Connection connection, string nodeId, string address, string fingerprint)
    {
        journal.NodeId = nodeId;
        toldState = null;
        connection.Parameters.Add(nodeId).Add(address).Add(fingerprint);
        using var joined = connection.Query(
            """
            INSERT INTO node AS n (node_id, address, incarnation, heartbeat_at, state, fingerprint) VALUES ($1, $2, 1, cluster_time(0), 0, $3)
            ON CONFLICT (node_id) DO UPDATE SET address = $2, incarnation = n.incarnation + 1, heartbeat_at = cluster_time(0), state = 0, fingerprint = $3
            RETURNING incarnation
            """);
        return joined.Int64(0, 0);
    }

    public ClusterView Beat(Connection connection, string nodeId, long incarnation, NodeState state, long time)
    {
        journal.Note(time);
        connection.Parameters.Add(nodeId).Add(incarnation).Add((long)state).Add(time);
        connection.Run("UPDATE node SET heartbeat_at = cluster_time($4), state = $3 WHERE node_id = $1 AND incarnation = $2");
        if (toldState != state)
            Notify(connection);
        toldState = state;
        connection.Parameters.Add(nodeId).Add(incarnation);
        return View(connection, "WHERE node_id <> $1 OR incarnation = $2");
    }

    /// <summary>The cluster, for those who only look.</summary>
    public static ClusterView View(Connection connection) => View(connection, "");

    public IReadOnlyList<ShardGrant> Claim(Connection connection, string nodeId, IReadOnlyList<ShardOwnership> seen)
    {
        var parameters = connection.Parameters.Add(nodeId);
        parameters.BeginInt64Array();
        foreach (var shard in seen)
            parameters.Append(shard.Shard);
        parameters.BeginInt64Array();
        foreach (var shard in seen)
            parameters.Append(shard.Epoch);

        // Behind a batch that is under way for the shard this waits, and finds what that did.
        using var claimed = connection.Query(
            """
            UPDATE shard s SET owner = $1, epoch = s.epoch + 1 FROM unnest($2::bigint[], $3::bigint[]) AS c(id, epoch)
            WHERE s.shard_id = c.id AND s.epoch = c.epoch RETURNING s.shard_id, s.epoch, s.last_sequence
            """);
        var grants = new List<ShardGrant>(claimed.Rows);
        for (var row = 0; row < claimed.Rows; row++)
        {
            var grant = new ShardGrant((int)claimed.Int64(row, 0), claimed.Int64(row, 1), claimed.Int64(row, 2));
            journal.Own(grant);
            grants.Add(grant);
        }

        Notify(connection);
        return grants;
    }

    public bool Release(Connection connection, string nodeId, IReadOnlyList<ShardGrant> grants)
    {
        var parameters = connection.Parameters.Add(nodeId);
        parameters.BeginInt64Array();
        foreach (var grant in grants)
            parameters.Append(grant.Shard);
        parameters.BeginInt64Array();
        foreach (var grant in grants)
            parameters.Append(grant.Epoch);
        foreach (var grant in grants)
            journal.Disown(grant);
        connection.Run(
            """
            UPDATE shard s SET owner = NULL, epoch = s.epoch + 1 FROM unnest($2::bigint[], $3::bigint[]) AS g(id, epoch)
            WHERE s.shard_id = g.id AND s.owner = $1 AND s.epoch = g.epoch
            """);
        Notify(connection);
        return true;
    }

    public static bool Leave(Connection connection, string nodeId, long incarnation)
    {
        connection.Parameters.Add(nodeId).Add(incarnation).Add(Left);
        connection.Run("UPDATE node SET state = $3 WHERE node_id = $1 AND incarnation = $2");
        Notify(connection);
        return true;
    }

    private static ClusterView View(Connection connection, string which)
    {
        var nodes = new List<NodeStatus>();
        using (var found = connection.Query($"SELECT node_id, incarnation, address, state, fingerprint, heartbeat_at, greatest(cluster_time(0) - heartbeat_at, 0) FROM node {which} ORDER BY node_id"))
        {
            for (var row = 0; row < found.Rows; row++)
            {
                if (found.Int64(row, 3) == Left)
                    continue;
                nodes.Add(new NodeStatus(
                    found.Text(row, 0), found.Int64(row, 1), found.Text(row, 2), (NodeState)found.Int64(row, 3), found.Text(row, 4), found.Int64(row, 5), TimeSpan.FromMilliseconds(found.Int64(row, 6))));
            }
        }

        using var owners = connection.Query("SELECT shard_id, owner, epoch FROM shard ORDER BY shard_id");
        var shards = new List<ShardOwnership>(owners.Rows);
        for (var row = 0; row < owners.Rows; row++)
            shards.Add(new ShardOwnership((int)owners.Int64(row, 0), owners.IsNull(row, 1) ? null : owners.Text(row, 1), owners.Int64(row, 2)));
        using var now = connection.Query("SELECT cluster_time(0), lease_clock()");
        return new ClusterView(now.Int64(0, 0), now.Int64(0, 1), nodes, shards);
    }

    private static void Notify(Connection connection) => connection.Run($"SELECT pg_notify('{Channel}', '')");
}

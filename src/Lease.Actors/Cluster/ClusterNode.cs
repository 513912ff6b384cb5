using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Actors.Cluster;

/// <summary>Who a node is, and what it tells of its membership.</summary>
/// <param name="NodeId">Its name; of two processes with the same one the later counts.</param>
/// <param name="Address">Where its node link listens; empty when it has none.</param>
/// <param name="Fingerprint">Of what all nodes must agree on; nodes with another one do not serve together.</param>
/// <param name="Replaced">Called when another process has joined under the same name: this one serves nothing any more.</param>
public sealed record ClusterNode(string NodeId, string Address, string Fingerprint, Action Replaced)
{
    /// <summary>Follows the store's clock with each heartbeat; null where the store goes by this machine's.</summary>
    public ClusterTime? Time { get; init; }

    /// <summary>Called with each view of the cluster that was acted on, and with those after the node has left.</summary>
    public Action<ClusterView> Viewed { get; init; } = static _ => { };

    /// <summary>Ends when the node has been placed for the first time: it serves, and owns its shards, maybe none. Fails with an <see cref="IOException"/> when the store cannot be reached before that.</summary>
    public TaskCompletionSource Placed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Ends the membership: finishes what was begun, gives the shards up. Sender: the server; the answer is <see cref="LeftCluster"/>.</summary>
public sealed class LeaveCluster
{
    private LeaveCluster()
    {
    }

    /// <summary>The only instance.</summary>
    public static LeaveCluster Instance { get; } = new();
}

/// <summary>The answer to <see cref="LeaveCluster"/>: nothing is served any more.</summary>
public sealed class LeftCluster
{
    private LeftCluster()
    {
    }

    /// <summary>The only instance.</summary>
    public static LeftCluster Instance { get; } = new();
}

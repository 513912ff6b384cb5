namespace Lease.Kernel.Persistence;

/// <summary>
/// Who lives and who owns which shard. Every change of an owner raises the shard's epoch, which fences the journal writes of the owner
/// before: what a node believes of the others decides nothing.
/// </summary>
public interface IShardStore
{
    /// <summary>
    /// Calls <paramref name="changed"/>, on any thread, when a node or an owner has changed, until the result is disposed: time to look. A hint: it may come without a change, or be lost.
    /// </summary>
    IDisposable Watch(Action changed);

    /// <summary>Enters a node, or a new incarnation of it: the one before is replaced.</summary>
    /// <returns>The incarnation.</returns>
    /// <exception cref="IOException">The store cannot be reached.</exception>
    Task<long> JoinAsync(string nodeId, string address, string fingerprint, CancellationToken cancellation);

    /// <summary>Says that the node lives and what it does, and reads the cluster. An incarnation that was replaced changes nothing, and does not find itself in the answer.</summary>
    /// <param name="nodeId">The node.</param>
    /// <param name="incarnation">As <see cref="JoinAsync"/> returned it.</param>
    /// <param name="state">What it does.</param>
    /// <param name="time">The cluster's time as this node has it, Unix milliseconds, by which it goes on where the store's clock was set back; 0 while it has none.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="IOException">The store cannot be reached.</exception>
    Task<ClusterView> BeatAsync(string nodeId, long incarnation, NodeState state, long time, CancellationToken cancellation);

    /// <summary>Claims each shard that still is as it was <paramref name="seen"/>, with epoch + 1.</summary>
    /// <returns>Those that the node owns now; the others are somebody else's.</returns>
    /// <exception cref="IOException">The store cannot be reached, or the outcome is unknown.</exception>
    Task<IReadOnlyList<ShardGrant>> ClaimAsync(string nodeId, IReadOnlyList<ShardOwnership> seen, CancellationToken cancellation);

    /// <summary>Gives shards up, with epoch + 1, so that another node may claim them at once; those that are not the node's any more stay as they are.</summary>
    /// <exception cref="IOException">The store cannot be reached.</exception>
    Task ReleaseAsync(string nodeId, IReadOnlyList<ShardGrant> grants, CancellationToken cancellation);

    /// <summary>Ends the membership of an incarnation. What it owned may be claimed at once.</summary>
    /// <exception cref="IOException">The store cannot be reached.</exception>
    Task LeaveAsync(string nodeId, long incarnation, CancellationToken cancellation);
}

/// <summary>What a node does.</summary>
public enum NodeState
{
    /// <summary>It has not been found to agree with the others yet, and owns nothing.</summary>
    Joining,

    /// <summary>It takes shards.</summary>
    Up,

    /// <summary>It gives its shards up and ends.</summary>
    Leaving,
}

/// <summary>A node as the store knows it.</summary>
/// <param name="NodeId">Its name in the configuration.</param>
/// <param name="Incarnation">Grows with each start.</param>
/// <param name="Address">Where its node link listens; empty when it has none.</param>
/// <param name="State">What it said last.</param>
/// <param name="Fingerprint">Of what all nodes must agree on.</param>
/// <param name="BeatAt">When it said so, Unix milliseconds of the cluster's time.</param>
/// <param name="Silence">Since then, as far as who looks can tell.</param>
public sealed record NodeStatus(string NodeId, long Incarnation, string Address, NodeState State, string Fingerprint, long BeatAt, TimeSpan Silence)
{
    /// <summary>A node that was silent for so long is dead, and its shards may be claimed.</summary>
    public static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(4);

    /// <summary>Whether it may still be at work.</summary>
    public bool IsAlive => Silence < MaxSilence;
}

/// <summary>A shard's row.</summary>
/// <param name="Shard">0..count-1.</param>
/// <param name="Owner">A node's name; null when it was given up.</param>
/// <param name="Epoch">Counts the changes of the owner.</param>
public readonly record struct ShardOwnership(int Shard, string? Owner, long Epoch);

/// <summary>The cluster at a moment of its time, which is that of the store's clock unless that was set back.</summary>
/// <param name="At">The moment, Unix milliseconds.</param>
/// <param name="Clock">What the store's clock showed, Unix milliseconds.</param>
/// <param name="Nodes">Those that joined and have not left, dead ones among them.</param>
/// <param name="Shards">Every shard, by number.</param>
public sealed record ClusterView(long At, long Clock, IReadOnlyList<NodeStatus> Nodes, IReadOnlyList<ShardOwnership> Shards);

/// <summary>A shard that this node owns.</summary>
/// <param name="Shard">0..count-1.</param>
/// <param name="Epoch">The fence for journal writes.</param>
/// <param name="LastSequence">Number of the last committed event.</param>
public readonly record struct ShardGrant(int Shard, long Epoch, long LastSequence);

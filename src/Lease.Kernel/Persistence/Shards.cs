namespace Lease.Kernel.Persistence;

/// <summary>Ownership of shards. The epoch of a claim fences every journal write.</summary>
public interface IShardStore
{
    /// <summary>
    /// Claims every shard that is free or owned by this node (by an earlier incarnation of it) for <paramref name="nodeId"/>, with epoch + 1.
    /// </summary>
    Task<IReadOnlyList<ShardGrant>> ClaimAsync(string nodeId, CancellationToken cancellation);

    /// <summary>Gives the shards up, with epoch + 1, so that another node may claim them at once.</summary>
    Task ReleaseAsync(string nodeId, CancellationToken cancellation);
}

/// <summary>A shard that this node owns.</summary>
/// <param name="Shard">0..count-1.</param>
/// <param name="Epoch">The fence for journal writes.</param>
/// <param name="LastSequence">Number of the last committed event.</param>
public readonly record struct ShardGrant(int Shard, long Epoch, long LastSequence);

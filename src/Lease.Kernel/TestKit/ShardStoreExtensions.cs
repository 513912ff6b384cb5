using Lease.Kernel.Persistence;

namespace Lease.Kernel.TestKit;

/// <summary>What a cluster member does in many steps, in one: for tests and benchmarks of the store alone.</summary>
public static class ShardStoreExtensions
{
    /// <summary>Joins and claims every shard that nobody else owns.</summary>
    public static async Task<IReadOnlyList<ShardGrant>> ClaimAllAsync(this IShardStore store, string nodeId)
    {
        var incarnation = await store.JoinAsync(nodeId, "", "", CancellationToken.None).ConfigureAwait(false);
        var view = await store.BeatAsync(nodeId, incarnation, NodeState.Up, 0, CancellationToken.None).ConfigureAwait(false);
        return await store.ClaimAsync(nodeId, [.. view.Shards.Where(s => s.Owner is null || s.Owner == nodeId)], CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Gives every shard of the node up.</summary>
    public static async Task ReleaseAllAsync(this IShardStore store, string nodeId)
    {
        var view = await store.BeatAsync(nodeId, 0, NodeState.Leaving, 0, CancellationToken.None).ConfigureAwait(false);
        await store.ReleaseAsync(nodeId, [.. view.Shards.Where(s => s.Owner == nodeId).Select(static s => new ShardGrant(s.Shard, s.Epoch, 0))], CancellationToken.None).ConfigureAwait(false);
    }
}

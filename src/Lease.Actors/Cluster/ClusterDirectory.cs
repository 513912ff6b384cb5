using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Actors.Cluster;

/// <summary>Where the other nodes that own shards can be reached, as this node saw it last. Written by the cluster member, read by any thread.</summary>
/// <param name="nodeId">This node.</param>
/// <param name="shardCount">Number of shards.</param>
public sealed class ClusterDirectory(string nodeId, int shardCount)
{
    private volatile NodeAddress?[] owners = new NodeAddress?[shardCount];

    /// <summary>A shard's owner; null when that is this node, nobody, or a node that is dead or has no link.</summary>
    public NodeAddress? OwnerOf(int shard) => owners[shard];

    /// <summary>Takes over what the store says.</summary>
    /// <returns>Nodes that own nothing any more, or are to be reached elsewhere now.</returns>
    public IReadOnlyList<NodeAddress> Update(ClusterView view)
    {
        var addresses = new Dictionary<string, NodeAddress>(StringComparer.Ordinal);
        foreach (var node in view.Nodes)
        {
            if (node.NodeId != nodeId && node is { IsAlive: true, Address.Length: > 0 })
                addresses[node.NodeId] = new NodeAddress(node.NodeId, node.Address);
        }

        var next = new NodeAddress?[owners.Length];
        foreach (var shard in view.Shards)
            next[shard.Shard] = shard.Owner is { } owner ? addresses.GetValueOrDefault(owner) : null;
        var before = owners;
        owners = next;
        return [.. before.OfType<NodeAddress>().Distinct().Where(a => !next.Contains(a) && !addresses.ContainsValue(a))];
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Lease.Kernel.Sharding;

/// <summary>
/// Which node should own a shard: the one with the highest hash of its name and the shard's number (rendezvous hashing). Every node comes to the same answer from the same set of
/// nodes, and when a node comes or goes only its own shards move. Akka.NET: <c>IShardAllocationStrategy</c>, which one coordinator decides by.
/// </summary>
public static class ShardPlacement
{
    /// <summary>The node for a shard; null when there is none.</summary>
    public static string? OwnerOf(int shard, IReadOnlyList<string> nodeIds)
    {
        string? owner = null;
        var highest = 0UL;
        foreach (var nodeId in nodeIds)
        {
            var weight = WeightOf(nodeId, shard);
            if (owner is not null && (weight < highest || (weight == highest && string.CompareOrdinal(nodeId, owner) > 0)))
                continue;
            owner = nodeId;
            highest = weight;
        }

        return owner;
    }

    private static ulong WeightOf(string nodeId, int shard)
    {
        var length = Encoding.UTF8.GetByteCount(nodeId);
        var octets = new byte[sizeof(int) + length];
        BinaryPrimitives.WriteInt32LittleEndian(octets, shard);
        Encoding.UTF8.GetBytes(nodeId, octets.AsSpan(sizeof(int)));
        return EntityKey.HashOf(octets);
    }
}

using System.Buffers.Binary;

namespace Lease.Kernel.Sharding;

/// <summary>
/// Identity of a sharded entity: an immutable octet string with a hash that is the same on every node and in every version.
/// Akka.NET's EntityId is a string; octets spare the hot path a text conversion.
/// </summary>
public sealed class EntityKey : IEquatable<EntityKey>
{
    private readonly byte[] bytes;

    /// <summary>Copies <paramref name="bytes"/>.</summary>
    public EntityKey(ReadOnlySpan<byte> bytes)
    {
        this.bytes = bytes.ToArray();
        Hash = HashOf(bytes);
    }

    /// <summary>The key's octets.</summary>
    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>The key's octets, for callers that keep them.</summary>
    public ReadOnlyMemory<byte> Memory => bytes;

    /// <summary>Stable 64-bit hash of <see cref="Bytes"/>: it decides the shard, so it never changes between versions.</summary>
    public ulong Hash { get; }

    /// <summary>The shard of this key, 0..<paramref name="shardCount"/>-1.</summary>
    public int ShardOf(int shardCount) => (int)(Hash % (uint)shardCount);

    /// <inheritdoc/>
    public bool Equals(EntityKey? other) => other is not null && Hash == other.Hash && bytes.AsSpan().SequenceEqual(other.bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as EntityKey);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)(Hash ^ (Hash >> 32));

    /// <summary>The octets in hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(bytes);

    /// <summary>The hash of a key with these octets.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> data)
    {
        // FNV-1a over 8 octets at a time, finished with MurmurHash3's 64-bit mixer so that the low bits are usable as a shard number.
        const ulong prime = 0x100000001b3;
        var hash = 0xcbf29ce484222325 ^ (ulong)data.Length;
        while (data.Length >= 8)
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(data)) * prime;
            hash ^= hash >> 29;
            data = data[8..];
        }

        foreach (var octet in data)
            hash = (hash ^ octet) * prime;

        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }
}

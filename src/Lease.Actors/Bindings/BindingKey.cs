using System.Text;
using Lease.Kernel.Sharding;

namespace Lease.Actors.Bindings;

/// <summary>
/// Makes the key of a binding: kind of identity (1 octet), its length (1 octet), the identity, the link's name (UTF-8). The identity stands
/// in front so that all links of a client lie side by side in the table's index. The layout decides shards and is stored: it never changes.
/// </summary>
public static class BindingKey
{
    private const byte DuidIdentity = 6;

    /// <summary>Largest DUID accepted, in octets (RFC 8415 section 11.1: type and 128 octets).</summary>
    public const int MaxDuid = 130;

    /// <summary>The key of the DHCPv6 client <paramref name="duid"/> on the link named <paramref name="link"/>.</summary>
    /// <exception cref="ArgumentException">The DUID is empty or longer than <see cref="MaxDuid"/>.</exception>
    public static EntityKey ForDuid(ReadOnlySpan<byte> duid, string link)
    {
        if (duid.Length is 0 or > MaxDuid)
            throw new ArgumentException($"a DUID has 1 to {MaxDuid} octets, not {duid.Length}", nameof(duid));
        Span<byte> key = stackalloc byte[2 + MaxDuid + Encoding.UTF8.GetMaxByteCount(link.Length)];
        key[0] = DuidIdentity;
        key[1] = (byte)duid.Length;
        duid.CopyTo(key[2..]);
        var length = 2 + duid.Length + Encoding.UTF8.GetBytes(link, key[(2 + duid.Length)..]);
        return new EntityKey(key[..length]);
    }

    /// <summary>The DUID within a key made by <see cref="ForDuid"/>.</summary>
    public static ReadOnlyMemory<byte> DuidOf(EntityKey key) => key.Memory.Slice(2, key.Bytes[1]);

    /// <summary>The DUID within the octets of a key.</summary>
    public static ReadOnlySpan<byte> DuidOf(ReadOnlySpan<byte> key) => key.Slice(2, key[1]);

    /// <summary>What the keys of a client on all links begin with.</summary>
    public static byte[] PrefixForDuid(ReadOnlySpan<byte> duid) => [DuidIdentity, (byte)duid.Length, .. duid];

    /// <summary>The link's name (UTF-8) within the octets of a key.</summary>
    public static ReadOnlySpan<byte> LinkNameOf(ReadOnlySpan<byte> key) => key[(2 + key[1])..];

    /// <summary>The link's name within a key.</summary>
    public static string LinkOf(EntityKey key) => Encoding.UTF8.GetString(LinkNameOf(key.Bytes));
}

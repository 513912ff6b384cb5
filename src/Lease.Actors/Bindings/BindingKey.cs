using System.Text;
using Lease.Kernel.Sharding;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Bindings;

/// <summary>What identifies a client. The numbers are the first octet of stored keys: never change one.</summary>
public enum IdentityKind : byte
{
    /// <summary>DHCPv4 without a client identifier: hardware type, 1 octet, then the hardware address.</summary>
    HardwareAddress = 1,

    /// <summary>DHCPv4: the client identifier's data.</summary>
    ClientId = 4,

    /// <summary>DHCPv6: the DUID.</summary>
    Duid = 6,
}

/// <summary>
/// Makes the key of a binding: kind of identity (1 octet), its length (1 octet), the identity, the link's name (UTF-8). The identity stands
/// in front so that all links of a client lie side by side in the table's index. The layout decides shards and is stored: it never changes.
/// </summary>
public static class BindingKey
{
    /// <summary>Largest DUID accepted, in octets (RFC 8415 section 11.1: type and 128 octets).</summary>
    public const int MaxDuid = 130;

    private const int MaxIdentity = 255;

    /// <summary>The key of the DHCPv6 client <paramref name="duid"/> on the link named <paramref name="link"/>.</summary>
    /// <exception cref="ArgumentException">The DUID is empty or longer than <see cref="MaxDuid"/>.</exception>
    public static EntityKey ForDuid(ReadOnlySpan<byte> duid, string link)
    {
        if (duid.Length is 0 or > MaxDuid)
            throw new ArgumentException($"a DUID has 1 to {MaxDuid} octets, not {duid.Length}", nameof(duid));
        return For(IdentityKind.Duid, duid, link);
    }

    /// <summary>The key of a client on the link named <paramref name="link"/>.</summary>
    /// <param name="kind">What identifies it.</param>
    /// <param name="identity">1 to 255 octets.</param>
    /// <param name="link">Name of the link.</param>
    public static EntityKey For(IdentityKind kind, ReadOnlySpan<byte> identity, string link)
    {
        Span<byte> key = stackalloc byte[2 + MaxIdentity + Encoding.UTF8.GetMaxByteCount(link.Length)];
        key[0] = (byte)kind;
        key[1] = checked((byte)identity.Length);
        identity.CopyTo(key[2..]);
        var length = 2 + identity.Length + Encoding.UTF8.GetBytes(link, key[(2 + identity.Length)..]);
        return new EntityKey(key[..length]);
    }

    /// <summary>What the identity within a key is.</summary>
    public static IdentityKind KindOf(ReadOnlySpan<byte> key) => (IdentityKind)key[0];

    /// <summary>Whether the key is a DHCPv4 client's.</summary>
    public static bool IsIpv4(ReadOnlySpan<byte> key) => KindOf(key) != IdentityKind.Duid;

    /// <summary>The identity within a key.</summary>
    public static ReadOnlyMemory<byte> IdentityOf(EntityKey key) => key.Memory.Slice(2, key.Bytes[1]);

    /// <summary>The identity within the octets of a key.</summary>
    public static ReadOnlySpan<byte> IdentityOf(ReadOnlySpan<byte> key) => key.Slice(2, key[1]);

    /// <summary>The client of a key for logs: a DUID in hexadecimal with colons; <c>id:</c> and a client identifier, <c>hw:</c> and hardware type and address likewise.</summary>
    public static string ClientTextOf(ReadOnlySpan<byte> key) => KindOf(key) switch
    {
        IdentityKind.ClientId => "id:" + Duid.ToText(IdentityOf(key)),
        IdentityKind.HardwareAddress => "hw:" + Duid.ToText(IdentityOf(key)),
        _ => Duid.ToText(IdentityOf(key)),
    };

    /// <summary>What the keys of a client on all links begin with.</summary>
    public static byte[] PrefixFor(IdentityKind kind, ReadOnlySpan<byte> identity) => [(byte)kind, (byte)identity.Length, .. identity];

    /// <summary>The link's name (UTF-8) within the octets of a key.</summary>
    public static ReadOnlySpan<byte> LinkNameOf(ReadOnlySpan<byte> key) => key[(2 + key[1])..];

    /// <summary>The link's name within a key.</summary>
    public static string LinkOf(EntityKey key) => Encoding.UTF8.GetString(LinkNameOf(key.Bytes));
}

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Lease.Protocol;

/// <summary>An IPv6 address without scope (RFC 4291), 16 octets in network order on the wire.</summary>
/// <param name="Value">The address as a number, its first octet most significant.</param>
public readonly record struct Ipv6Address(UInt128 Value) : IComparable<Ipv6Address>
{
    /// <summary>Octets on the wire.</summary>
    public const int Size = 16;

    /// <summary>The unspecified address <c>::</c>.</summary>
    public static Ipv6Address Unspecified => default;

    /// <summary>Whether this is <c>::</c>.</summary>
    public bool IsUnspecified => Value == UInt128.Zero;

    /// <summary>Whether this is in <c>fe80::/10</c>.</summary>
    public bool IsLinkLocal => (ushort)(Value >> 118) == 0b1111111010;

    /// <summary>Whether this is in <c>ff00::/8</c>.</summary>
    public bool IsMulticast => (byte)(Value >> 120) == 0xff;

    /// <summary>Whether this is <c>::1</c>.</summary>
    public bool IsLoopback => Value == UInt128.One;

    /// <summary>Reads the first 16 octets of <paramref name="source"/>, which must be there.</summary>
    public static Ipv6Address Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128BigEndian(source));

    /// <summary>Writes 16 octets into <paramref name="destination"/>, which must have room.</summary>
    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    /// <summary>Converts from the framework's type; the scope is dropped.</summary>
    /// <exception cref="ArgumentException"><paramref name="address"/> is not an IPv6 address.</exception>
    public static Ipv6Address From(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            throw new ArgumentException($"{address} is not an IPv6 address", nameof(address));
        Span<byte> octets = stackalloc byte[Size];
        address.TryWriteBytes(octets, out _);
        return Read(octets);
    }

    /// <summary>Converts to the framework's type, with scope 0.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> octets = stackalloc byte[Size];
        Write(octets);
        return new IPAddress(octets);
    }

    /// <summary>Reads the text form of RFC 4291 section 2.2; a scope (<c>%eth0</c>) is refused.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Ipv6Address address)
    {
        address = default;
        if (text is null || text.Contains('%', StringComparison.Ordinal) || text.Contains('[', StringComparison.Ordinal)
            || !IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6)
            return false;
        address = From(parsed);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(Ipv6Address other) => Value.CompareTo(other.Value);

    /// <summary>The text form of RFC 5952.</summary>
    public override string ToString() => ToIPAddress().ToString();

    /// <summary>Orders by number.</summary>
    public static bool operator <(Ipv6Address left, Ipv6Address right) => left.Value < right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >(Ipv6Address left, Ipv6Address right) => left.Value > right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator <=(Ipv6Address left, Ipv6Address right) => left.Value <= right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >=(Ipv6Address left, Ipv6Address right) => left.Value >= right.Value;
}

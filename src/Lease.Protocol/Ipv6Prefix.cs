using System.Diagnostics.CodeAnalysis;

namespace Lease.Protocol;

/// <summary>An IPv6 prefix (RFC 4291 section 2.3). The bits after the length are kept as they came; <see cref="Network"/> clears them.</summary>
/// <param name="Address">The prefix's address.</param>
/// <param name="Length">Significant bits, 0..128.</param>
public readonly record struct Ipv6Prefix(Ipv6Address Address, byte Length)
{
    /// <summary>Mask of the first <see cref="Length"/> bits.</summary>
    public UInt128 Mask => MaskOf(Length);

    /// <summary>This prefix with the bits after the length cleared.</summary>
    public Ipv6Prefix Network => new(new Ipv6Address(Address.Value & Mask), Length);

    /// <summary>The lowest address in the prefix.</summary>
    public Ipv6Address First => new(Address.Value & Mask);

    /// <summary>The highest address in the prefix.</summary>
    public Ipv6Address Last => new(Address.Value | ~Mask);

    /// <summary>Whether <paramref name="address"/> lies in the prefix.</summary>
    public bool Contains(Ipv6Address address) => ((address.Value ^ Address.Value) & Mask) == UInt128.Zero;

    /// <summary>Whether <paramref name="prefix"/> lies wholly in this prefix.</summary>
    public bool Contains(Ipv6Prefix prefix) => prefix.Length >= Length && Contains(prefix.Address);

    /// <summary>Mask of the first <paramref name="length"/> bits, 0..128.</summary>
    public static UInt128 MaskOf(byte length) => length == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - length);

    /// <summary>Reads <c>address/length</c>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Ipv6Prefix prefix)
    {
        prefix = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash < 0 || !Ipv6Address.TryParse(text![..slash], out var address)
            || !byte.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, provider: null, out var length) || length > 128)
            return false;
        prefix = new(address, length);
        return true;
    }

    /// <summary><c>address/length</c>.</summary>
    public override string ToString() => $"{Address}/{Length}";
}

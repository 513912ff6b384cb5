namespace Lease.Protocol.Dhcp6.Options;

/// <summary>
/// A prefix in as few octets as it needs: prefix-length u8 (0..128), then ceil(length / 8) octets. The form of S46_DMR (RFC 7598 section 4.3),
/// S46_BIND_IPV6_PREFIX (RFC 8539 section 7.1), and the IPv6 prefixes within S46_RULE and S46_V4V6BIND.
/// </summary>
public static class ShortPrefix
{
    /// <summary>Reads a prefix from the front of <paramref name="octets"/>; bits after its length are cleared.</summary>
    /// <param name="octets">The prefix, and whatever follows it.</param>
    /// <param name="prefix">The prefix.</param>
    /// <param name="taken">Octets that it takes.</param>
    public static bool TryRead(ReadOnlySpan<byte> octets, out Ipv6Prefix prefix, out int taken)
    {
        prefix = default;
        taken = 0;
        if (octets.IsEmpty || octets[0] > 128 || octets.Length < SizeOf(octets[0]))
            return false;
        taken = SizeOf(octets[0]);
        var bits = UInt128.Zero;
        for (var i = 1; i < taken; i++)
            bits |= (UInt128)octets[i] << (128 - (8 * i));
        prefix = new Ipv6Prefix(new Ipv6Address(bits), octets[0]).Network;
        return true;
    }

    /// <summary>Writes a prefix; bits after its length are written as 0.</summary>
    public static void Write(ref Dhcp6Writer writer, Ipv6Prefix prefix)
    {
        writer.U8(prefix.Length);
        var bits = prefix.First.Value;
        for (var octets = SizeOf(prefix.Length) - 1; octets > 0; octets--)
        {
            writer.U8((byte)(bits >> 120));
            bits <<= 8;
        }
    }

    /// <summary>Writes an option that is a prefix and nothing else.</summary>
    public static void WriteOption(ref Dhcp6Writer writer, OptionCode code, Ipv6Prefix prefix)
    {
        var mark = writer.BeginOption(code);
        Write(ref writer, prefix);
        writer.EndOption(mark);
    }

    private static int SizeOf(byte length) => 1 + ((length + 7) / 8);
}

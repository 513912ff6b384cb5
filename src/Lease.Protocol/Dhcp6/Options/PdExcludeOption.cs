namespace Lease.Protocol.Dhcp6.Options;

/// <summary>
/// PD_EXCLUDE (RFC 6603 section 4.2), within IAPREFIX: prefix-length u8 of the excluded prefix, then its bits after the delegated prefix, left-aligned in
/// as few octets as they need.
/// </summary>
public static class PdExcludeOption
{
    /// <summary>Writes the option for <paramref name="excluded"/>, which lies in a delegated prefix of <paramref name="delegatedLength"/> bits and is longer.</summary>
    public static void Write(ref Dhcp6Writer writer, Ipv6Prefix excluded, byte delegatedLength)
    {
        var mark = writer.BeginOption(OptionCode.PdExclude);
        writer.U8(excluded.Length);
        var bits = (excluded.Address.Value & excluded.Mask) << delegatedLength;
        for (var octets = (excluded.Length - delegatedLength + 7) / 8; octets > 0; octets--)
        {
            writer.U8((byte)(bits >> 120));
            bits <<= 8;
        }

        writer.EndOption(mark);
    }

    /// <summary>Reads the option's data for a delegated prefix.</summary>
    public static bool TryRead(ReadOnlySpan<byte> data, Ipv6Prefix delegated, out Ipv6Prefix excluded)
    {
        excluded = default;
        if (data.Length < 2 || data[0] <= delegated.Length || data[0] > 128 || data.Length != 1 + ((data[0] - delegated.Length + 7) / 8))
            return false;
        var bits = UInt128.Zero;
        for (var i = 1; i < data.Length; i++)
            bits |= (UInt128)data[i] << (128 - (8 * i));
        excluded = new Ipv6Prefix(new Ipv6Address(delegated.First.Value | (bits >> delegated.Length)), data[0]).Network;
        return true;
    }
}

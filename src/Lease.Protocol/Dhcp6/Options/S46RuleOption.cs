namespace Lease.Protocol.Dhcp6.Options;

/// <summary>
/// S46_RULE (RFC 7598 section 4.1): flags u8 (lowest bit: forwarding mapping rule), ea-len u8, prefix4-len u8, ipv4-prefix 4, prefix6-len u8, ipv6-prefix
/// in as few octets as it needs, options.
/// </summary>
public readonly ref struct S46RuleOption
{
    /// <summary>Octets in front of prefix6-len.</summary>
    public const int FixedSize = 7;

    private S46RuleOption(ReadOnlySpan<byte> data, Ipv6Prefix prefix, int prefixSize)
    {
        Flags = data[0];
        EaLength = data[1];
        Prefix4Length = data[2];
        Prefix4 = Ipv4Address.Read(data[3..]);
        Prefix6 = prefix;
        Options = new(data[(FixedSize + prefixSize)..]);
    }

    /// <summary>The flags as they came.</summary>
    public byte Flags { get; }

    /// <summary>Whether the rule is also for forwarding (FMR), not only for this client's own mapping.</summary>
    public bool IsForwarding => (Flags & 1) != 0;

    /// <summary>Bits of the embedded address in an end user's prefix, 0..48.</summary>
    public byte EaLength { get; }

    /// <summary>Significant bits of <see cref="Prefix4"/>, 0..32.</summary>
    public byte Prefix4Length { get; }

    /// <summary>The rule's IPv4 prefix.</summary>
    public Ipv4Address Prefix4 { get; }

    /// <summary>The rule's IPv6 prefix.</summary>
    public Ipv6Prefix Prefix6 { get; }

    /// <summary>S46_PORTPARAMS, or nothing.</summary>
    public OptionList Options { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out S46RuleOption rule)
    {
        rule = default;
        var data = option.Data;
        if (option.Code != OptionCode.S46Rule || data.Length < FixedSize || !ShortPrefix.TryRead(data[FixedSize..], out var prefix, out var taken))
            return false;
        rule = new(data, prefix, taken);
        return true;
    }

    /// <summary>Writes the fixed part and the prefixes; the caller writes the options and ends the option.</summary>
    /// <returns>The mark for <see cref="Dhcp6Writer.EndOption"/>.</returns>
    public static int Begin(ref Dhcp6Writer writer, byte flags, byte eaLength, Ipv4Address prefix4, byte prefix4Length, Ipv6Prefix prefix6)
    {
        var mark = writer.BeginOption(OptionCode.S46Rule);
        writer.U8(flags);
        writer.U8(eaLength);
        writer.U8(prefix4Length);
        writer.U32(prefix4.Value);
        ShortPrefix.Write(ref writer, prefix6);
        return mark;
    }

    /// <inheritdoc/>
    public override string ToString() => $"flags={Flags} ea-len={EaLength} {Prefix4}/{Prefix4Length} {Prefix6}";
}

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>
/// S46_V4V6BIND (RFC 7598 section 4.4): ipv4-address 4, bindprefix6-len u8, bind-ipv6-prefix in as few octets as it needs, options. Within S46_CONT_LW: the
/// IPv4 address of a Lightweight 4over6 client and the IPv6 prefix that it is bound to.
/// </summary>
public readonly ref struct S46V4V6BindOption
{
    /// <summary>Octets in front of bindprefix6-len.</summary>
    public const int FixedSize = Ipv4Address.Size;

    private S46V4V6BindOption(ReadOnlySpan<byte> data, Ipv6Prefix prefix, int prefixSize)
    {
        Address = Ipv4Address.Read(data);
        Prefix = prefix;
        Options = new(data[(FixedSize + prefixSize)..]);
    }

    /// <summary>The client's IPv4 address, maybe shared with others by port set.</summary>
    public Ipv4Address Address { get; }

    /// <summary>The client's tunnel source lies in it.</summary>
    public Ipv6Prefix Prefix { get; }

    /// <summary>S46_PORTPARAMS, or nothing.</summary>
    public OptionList Options { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out S46V4V6BindOption bind)
    {
        bind = default;
        var data = option.Data;
        if (option.Code != OptionCode.S46V4V6Bind || data.Length < FixedSize || !ShortPrefix.TryRead(data[FixedSize..], out var prefix, out var taken))
            return false;
        bind = new(data, prefix, taken);
        return true;
    }

    /// <summary>Writes address and prefix; the caller writes the options and ends the option.</summary>
    /// <returns>The mark for <see cref="Dhcp6Writer.EndOption"/>.</returns>
    public static int Begin(ref Dhcp6Writer writer, Ipv4Address address, Ipv6Prefix prefix)
    {
        var mark = writer.BeginOption(OptionCode.S46V4V6Bind);
        writer.U32(address.Value);
        ShortPrefix.Write(ref writer, prefix);
        return mark;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address} {Prefix}";
}

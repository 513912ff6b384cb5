using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>IAPREFIX (RFC 8415 section 21.22): preferred u32 s, valid u32 s, prefix-length u8, prefix 16, options.</summary>
public readonly ref struct IaPrefixOption
{
    private IaPrefixOption(ReadOnlySpan<byte> data)
    {
        Preferred = BinaryPrimitives.ReadUInt32BigEndian(data);
        Valid = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        Prefix = new(Ipv6Address.Read(data[9..]), data[8]);
        Options = new(data[25..]);
    }

    /// <summary>The prefix; in a hint its address may be <c>::</c> and only the length be meant.</summary>
    public Ipv6Prefix Prefix { get; }

    /// <summary>Preferred lifetime in seconds; 0xffffffff is infinity.</summary>
    public uint Preferred { get; }

    /// <summary>Valid lifetime in seconds; 0xffffffff is infinity.</summary>
    public uint Valid { get; }

    /// <summary>PD_EXCLUDE, a status, or nothing.</summary>
    public OptionList Options { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out IaPrefixOption prefix)
    {
        prefix = default;
        if (option.Code != OptionCode.IaPrefix || option.Data.Length < 25)
            return false;
        prefix = new(option.Data);
        return true;
    }

    /// <summary>Writes the fixed part; the caller writes the options and ends the option.</summary>
    /// <returns>The mark for <see cref="Dhcp6Writer.EndOption"/>.</returns>
    public static int Begin(ref Dhcp6Writer writer, Ipv6Prefix prefix, uint preferred, uint valid)
    {
        var mark = writer.BeginOption(OptionCode.IaPrefix);
        writer.U32(preferred);
        writer.U32(valid);
        writer.U8(prefix.Length);
        writer.Address(prefix.Address);
        return mark;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Prefix} preferred={DhcpTime.LifetimeText(Preferred)} valid={DhcpTime.LifetimeText(Valid)}";
}

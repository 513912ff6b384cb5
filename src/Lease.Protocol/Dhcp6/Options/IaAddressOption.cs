using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>IAADDR (RFC 8415 section 21.6): address 16, preferred u32 s, valid u32 s, options.</summary>
public readonly ref struct IaAddressOption
{
    private IaAddressOption(ReadOnlySpan<byte> data)
    {
        Address = Ipv6Address.Read(data);
        Preferred = BinaryPrimitives.ReadUInt32BigEndian(data[16..]);
        Valid = BinaryPrimitives.ReadUInt32BigEndian(data[20..]);
        Options = new(data[24..]);
    }

    /// <summary>The address.</summary>
    public Ipv6Address Address { get; }

    /// <summary>Preferred lifetime in seconds; 0xffffffff is infinity.</summary>
    public uint Preferred { get; }

    /// <summary>Valid lifetime in seconds; 0xffffffff is infinity.</summary>
    public uint Valid { get; }

    /// <summary>A status, or nothing.</summary>
    public OptionList Options { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out IaAddressOption address)
    {
        address = default;
        if (option.Code != OptionCode.IaAddress || option.Data.Length < 24)
            return false;
        address = new(option.Data);
        return true;
    }

    /// <summary>Writes the option without options of its own.</summary>
    public static void Write(ref Dhcp6Writer writer, Ipv6Address address, uint preferred, uint valid)
    {
        var mark = writer.BeginOption(OptionCode.IaAddress);
        writer.Address(address);
        writer.U32(preferred);
        writer.U32(valid);
        writer.EndOption(mark);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address} preferred={DhcpTime.LifetimeText(Preferred)} valid={DhcpTime.LifetimeText(Valid)}";
}

using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>VENDOR_OPTS (RFC 8415 section 21.17): enterprise-number u32, options of the vendor's code space (code u16, length u16, data).</summary>
public readonly ref struct VendorOptsOption
{
    /// <summary>Octets in front of the vendor's options.</summary>
    public const int FixedSize = 4;

    private VendorOptsOption(ReadOnlySpan<byte> data)
    {
        Enterprise = BinaryPrimitives.ReadUInt32BigEndian(data);
        Options = new(data[FixedSize..]);
    }

    /// <summary>IANA's number of the vendor.</summary>
    public uint Enterprise { get; }

    /// <summary>The vendor's options; their codes mean what the vendor says.</summary>
    public OptionList Options { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out VendorOptsOption vendorOptions)
    {
        vendorOptions = default;
        if (option.Code != OptionCode.VendorOptions || option.Data.Length < FixedSize)
            return false;
        vendorOptions = new(option.Data);
        return true;
    }

    /// <summary>Writes the enterprise-number; the caller writes the vendor's options and ends the option.</summary>
    /// <returns>The mark for <see cref="Dhcp6Writer.EndOption"/>.</returns>
    public static int Begin(ref Dhcp6Writer writer, uint enterprise)
    {
        var mark = writer.BeginOption(OptionCode.VendorOptions);
        writer.U32(enterprise);
        return mark;
    }

    /// <inheritdoc/>
    public override string ToString() => $"enterprise={Enterprise}";
}

using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>VENDOR_CLASS (RFC 8415 section 21.16): enterprise-number u32, elements of u16 length and opaque data.</summary>
public readonly ref struct VendorClassOption
{
    /// <summary>Octets in front of the elements.</summary>
    public const int FixedSize = 4;

    private VendorClassOption(ReadOnlySpan<byte> data)
    {
        Enterprise = BinaryPrimitives.ReadUInt32BigEndian(data);
        Classes = new(data[FixedSize..]);
    }

    /// <summary>IANA's number of the vendor.</summary>
    public uint Enterprise { get; }

    /// <summary>What the vendor says of the client's hardware.</summary>
    public ElementList Classes { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out VendorClassOption vendorClass)
    {
        vendorClass = default;
        if (option.Code != OptionCode.VendorClass || option.Data.Length < FixedSize)
            return false;
        vendorClass = new(option.Data);
        return true;
    }

    /// <summary>Writes the enterprise-number; the caller writes elements with <see cref="ElementList.WriteElement"/> and ends the option.</summary>
    /// <returns>The mark for <see cref="Dhcp6Writer.EndOption"/>.</returns>
    public static int Begin(ref Dhcp6Writer writer, uint enterprise)
    {
        var mark = writer.BeginOption(OptionCode.VendorClass);
        writer.U32(enterprise);
        return mark;
    }

    /// <inheritdoc/>
    public override string ToString() => $"enterprise={Enterprise} {Classes.ToString()}";
}

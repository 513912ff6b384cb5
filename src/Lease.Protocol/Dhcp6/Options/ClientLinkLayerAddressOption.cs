using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>CLIENT_LINKLAYER_ADDR (RFC 6939 section 4): link-layer type u16, link-layer address. Written by the relay nearest to the client.</summary>
public readonly ref struct ClientLinkLayerAddressOption
{
    /// <summary>Octets in front of the address.</summary>
    public const int FixedSize = 2;

    private ClientLinkLayerAddressOption(ReadOnlySpan<byte> data)
    {
        HardwareType = BinaryPrimitives.ReadUInt16BigEndian(data);
        Address = data[FixedSize..];
    }

    /// <summary>IANA's hardware type; 1 is Ethernet.</summary>
    public ushort HardwareType { get; }

    /// <summary>The client's link-layer address.</summary>
    public ReadOnlySpan<byte> Address { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out ClientLinkLayerAddressOption address)
    {
        address = default;
        if (option.Code != OptionCode.ClientLinkLayerAddress || option.Data.Length < FixedSize)
            return false;
        address = new(option.Data);
        return true;
    }

    /// <summary>Writes the option.</summary>
    public static void Write(ref Dhcp6Writer writer, ushort hardwareType, scoped ReadOnlySpan<byte> address)
    {
        var mark = writer.BeginOption(OptionCode.ClientLinkLayerAddress);
        writer.U16(hardwareType);
        writer.Octets(address);
        writer.EndOption(mark);
    }

    /// <inheritdoc/>
    public override string ToString() => $"hardware={HardwareType} {Duid.ToText(Address)}";
}

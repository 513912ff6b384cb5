using System.Buffers.Binary;
using System.Text;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp4;

/// <summary>
/// What Kea's two servers tell each other beside the message: a VENDOR_OPTS of ISC (2495) with interface (60000), the client's or relay's address (60001) and UDP port (60002). Kea's
/// Administrator Reference Manual, "DHCPv4-over-DHCPv6: DHCPv6 Side".
/// </summary>
internal static class ForwardedOption
{
    private const uint Isc = 2495;
    private const OptionCode Interface = (OptionCode)60000;
    private const OptionCode SourceAddress = (OptionCode)60001;
    private const OptionCode SourcePort = (OptionCode)60002;

    /// <summary>Writes the option.</summary>
    public static void Write(ref Dhcp6Writer writer, ForwardedFrom origin)
    {
        var mark = writer.BeginOption(OptionCode.VendorOptions);
        writer.U32(Isc);
        writer.Option(Interface, Encoding.UTF8.GetBytes(origin.Interface));
        writer.OptionAddresses(SourceAddress, [origin.Peer]);
        writer.OptionU16(SourcePort, origin.Port);
        writer.EndOption(mark);
    }

    /// <summary>Whether this is such an option.</summary>
    public static bool Is(Option option)
        => option.Code == OptionCode.VendorOptions && option.Data.Length >= 4 && BinaryPrimitives.ReadUInt32BigEndian(option.Data) == Isc && new OptionList(option.Data[4..]).Contains(Interface);

    /// <summary>Reads what the message was handed over with; null when one of the three is missing.</summary>
    public static ForwardedFrom? Read(OptionList options)
    {
        foreach (var option in options)
        {
            if (!Is(option))
                continue;
            var inner = new OptionList(option.Data[4..]);
            if (inner.TryGet(Interface, out var name) && inner.TryGet(SourceAddress, out var address) && address.Length == Ipv6Address.Size && inner.TryGetNumber(SourcePort, out var port))
                return new ForwardedFrom(Encoding.UTF8.GetString(name), Ipv6Address.Read(address), (ushort)port);
        }

        return null;
    }
}

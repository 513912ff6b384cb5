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

    /// <summary>
    /// Reads what the message was handed over with; null when one of the three is missing or stands there twice. Kea adds them to an option
    /// of ISC's that the client sent: then the client's own words come first.
    /// </summary>
    public static ForwardedFrom? Read(OptionList options)
    {
        OptionList said = default;
        var count = 0;
        foreach (var option in options)
        {
            if (!Is(option))
                continue;
            said = new OptionList(option.Data[4..]);
            count++;
        }

        return count == 1 && said.Count(Interface) == 1 && said.TryGet(Interface, out var name)
            && said.Count(SourceAddress) == 1 && said.TryGet(SourceAddress, out var address) && address.Length == Ipv6Address.Size
            && said.Count(SourcePort) == 1 && said.TryGetNumber(SourcePort, out var port)
            ? new ForwardedFrom(Encoding.UTF8.GetString(name), Ipv6Address.Read(address), (ushort)port)
            : null;
    }
}

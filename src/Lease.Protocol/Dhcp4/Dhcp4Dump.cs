using System.Globalization;
using System.Text;
using Lease.Protocol.Dhcp6;

namespace Lease.Protocol.Dhcp4;

/// <summary>Says in words what is in a DHCPv4 message: for logs at debug level, tools and tests.</summary>
public static class Dhcp4Dump
{
    /// <summary>One line a field and option; for a malformed message the defect.</summary>
    public static string Describe(ReadOnlySpan<byte> octets)
    {
        if (!Dhcp4Message.TryRead(octets, 0, out var message, out var defect))
            return defect + "\n";
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{(message.Operation == BootpOperation.Request ? "BOOTREQUEST" : "BOOTREPLY")} {message.Type} xid=0x{message.TransactionId:x8}");
        text.Append(CultureInfo.InvariantCulture, $" secs={message.Seconds} flags=0x{message.Flags:x4} hops={message.Hops}\n");
        text.Append(CultureInfo.InvariantCulture, $"ciaddr={message.ClientAddress} yiaddr={message.YourAddress} siaddr={message.NextServer} giaddr={message.RelayAddress}\n");
        text.Append(CultureInfo.InvariantCulture, $"chaddr={message.HardwareType}/{Duid.ToText(message.HardwareAddress)}\n");
        if (!message.ServerName.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"sname={Text(message.ServerName)}\n");
        if (!message.BootFile.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"file={Text(message.BootFile)}\n");
        foreach (var option in message.Options)
            text.Append(CultureInfo.InvariantCulture, $"{Dhcp4OptionRegistry.NameOf(option.Code)} ({(byte)option.Code}) {Value(option)}\n");
        return text.ToString();
    }

    private static string Value(Dhcp4Option option)
    {
        var (form, size) = Dhcp4OptionRegistry.FormOf(option.Code);
        return (form, size) switch
        {
            _ when option.Code == Dhcp4OptionCode.PortParameters && PortParameters.TryRead(option.Data, out var ports) => ports.ToString(),
            _ when option.Code == Dhcp4OptionCode.S46SourceAddress && option.Data.Length == Ipv6Address.Size => Ipv6Address.Read(option.Data).ToString(),
            _ when IsAddress(option.Code) && option.Data.Length % Ipv4Address.Size == 0 => Addresses(option.Data),
            (Dhcp4OptionForm.Fixed, 1 or 2 or 4) when OptionList.TryReadNumber(option.Data, out var number) => number.ToString(CultureInfo.InvariantCulture),
            _ when option.Code is Dhcp4OptionCode.HostName or Dhcp4OptionCode.DomainName or Dhcp4OptionCode.Message => Text(option.Data),
            _ => Duid.ToText(option.Data),
        };
    }

    private static bool IsAddress(Dhcp4OptionCode code) => code is Dhcp4OptionCode.SubnetMask or Dhcp4OptionCode.Routers or Dhcp4OptionCode.DnsServers or Dhcp4OptionCode.BroadcastAddress
        or Dhcp4OptionCode.RequestedAddress or Dhcp4OptionCode.ServerId or Dhcp4OptionCode.AssociatedIp or Dhcp4OptionCode.SubnetSelection;

    private static string Addresses(ReadOnlySpan<byte> data)
    {
        var text = new StringBuilder();
        for (; data.Length >= Ipv4Address.Size; data = data[Ipv4Address.Size..])
            text.Append(text.Length > 0 ? " " : "").Append(Ipv4Address.Read(data));
        return text.ToString();
    }

    // Octets that are no printable ASCII do not reach a terminal or a log.
    private static string Text(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder();
        foreach (var octet in octets)
            text.Append(octet is >= 32 and < 127 ? (char)octet : '.');
        return text.ToString();
    }
}

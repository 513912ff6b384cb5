using System.Globalization;
using Lease.Peers.Dhcp4;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Peers.Client;

/// <summary>What a DHCPACK gives, as values by name.</summary>
internal static class Dhcp4Facts
{
    public static IReadOnlyDictionary<string, string> Of(Dhcp4Reply ack)
    {
        var message = ack.Message;
        var facts = new Dictionary<string, string>(StringComparer.Ordinal) { ["ip_address"] = message.YourAddress.ToString() };
        AddNumber(facts, "lease_time", message, Dhcp4OptionCode.LeaseTime);
        AddAddresses(facts, "subnet_mask", message, Dhcp4OptionCode.SubnetMask);
        AddAddresses(facts, "routers", message, Dhcp4OptionCode.Routers);
        AddAddresses(facts, "domain_name_servers", message, Dhcp4OptionCode.DnsServers);
        if (ack.Ports is { } ports)
        {
            facts["psid"] = ports.Psid.ToString(CultureInfo.InvariantCulture);
            facts["psid_length"] = ports.PsidLength.ToString(CultureInfo.InvariantCulture);
            facts["psid_offset"] = ports.Offset.ToString(CultureInfo.InvariantCulture);
            facts["port_ranges"] = string.Join(' ', ports.Ranges().Select(static r => string.Create(CultureInfo.InvariantCulture, $"{r.First}-{r.Last}")));
        }

        if (ack.TunnelSource is { } source)
            facts["tunnel_source"] = source.ToString();
        return facts;
    }

    private static void AddNumber(Dictionary<string, string> facts, string name, Dhcp4Message message, Dhcp4OptionCode code)
    {
        if (message.Options.TryGetNumber(code, out var number))
            facts[name] = number.ToString(CultureInfo.InvariantCulture);
    }

    private static void AddAddresses(Dictionary<string, string> facts, string name, Dhcp4Message message, Dhcp4OptionCode code)
    {
        if (!message.Options.TryGet(code, out var data))
            return;
        var addresses = new List<string>();
        for (; data.Length >= Ipv4Address.Size; data = data[Ipv4Address.Size..])
            addresses.Add(Ipv4Address.Read(data).ToString());
        facts[name] = string.Join(' ', addresses);
    }
}

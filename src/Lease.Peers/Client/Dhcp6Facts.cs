using System.Globalization;
using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Client;

/// <summary>What a REPLY gives, as values by name.</summary>
internal static class Dhcp6Facts
{
    public static IReadOnlyDictionary<string, string> Of(ServerReply reply)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal);
        Add(facts, "ip6_address", "ip6", reply.Leases.FirstOrDefault(static l => l is { Association: OptionCode.IaNa, Valid: > 0 }), isPrefix: false);
        Add(facts, "ip6_prefix", "prefix", reply.Leases.FirstOrDefault(static l => l is { Association: OptionCode.IaPd, Valid: > 0 }), isPrefix: true);
        AddAddresses(facts, "dns_servers", reply.Option(OptionCode.DnsServers));
        AddAddresses(facts, "br_address", reply.Option(OptionCode.S46Br));
        if (reply.Option(OptionCode.Dhcp4ODhcp6Server) is { } servers)
            facts["dhcp4o6_servers"] = servers.Length == 0 ? "multicast" : Addresses(servers);
        if (BindPrefixOf(reply) is { } prefix)
            facts["bind_prefix"] = prefix.ToString();
        return facts;
    }

    /// <summary>The prefix in which the tunnel source address must lie (RFC 8539 section 4.2); null when none was given.</summary>
    public static Ipv6Prefix? BindPrefixOf(ServerReply reply)
        => reply.Option(OptionCode.S46BindIpv6Prefix) is { } data && ShortPrefix.TryRead(data, out var prefix, out _) ? prefix : null;

    private static void Add(Dictionary<string, string> facts, string name, string lifetimes, ClientLease? lease, bool isPrefix)
    {
        if (lease is null)
            return;
        facts[name] = isPrefix ? lease.Prefix.ToString() : lease.Prefix.Address.ToString();
        facts[lifetimes + "_preferred"] = lease.Preferred.ToString(CultureInfo.InvariantCulture);
        facts[lifetimes + "_valid"] = lease.Valid.ToString(CultureInfo.InvariantCulture);
    }

    private static void AddAddresses(Dictionary<string, string> facts, string name, byte[]? data)
    {
        if (data is { Length: > 0 })
            facts[name] = Addresses(data);
    }

    private static string Addresses(byte[] data)
        => string.Join(' ', Enumerable.Range(0, data.Length / Ipv6Address.Size).Select(i => Ipv6Address.Read(data.AsSpan(i * Ipv6Address.Size))));
}

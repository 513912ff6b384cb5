using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp4;

/// <summary>
/// Finds the link of a DHCPv4 message that came in DHCPv6, in the order of ISC's notes on DHCPv4 over DHCPv6: the relay agent's link selection (RFC 3527), subnet selection (RFC 3011), giaddr,
/// the first DHCPv6 relay with a usable link-address, the receiving interface. A shared network of the same name in Dhcp6 and Dhcp4 is one link.
/// </summary>
public sealed class Localization
{
    private readonly (Link Link, Dhcp4Subnet Subnet)[] subnets;
    private readonly Dictionary<string, Link> byName = new(StringComparer.Ordinal);
    private readonly SubnetSelector dhcp6;

    /// <summary>Takes the configured links of both services.</summary>
    public Localization(Dhcp4Configuration configuration, SubnetSelector dhcp6)
    {
        this.dhcp6 = dhcp6;
        subnets = [.. configuration.Links.SelectMany(static l => l.Subnets.Select(s => (l, (Dhcp4Subnet)s)))];
        foreach (var link in configuration.Links)
            byName.TryAdd(link.Name, link);
    }

    /// <summary>The link, and the subnet of it to allocate from first.</summary>
    public bool TryFind(Dhcp4Message message, ReadOnlySpan<byte> packet, in RelayChain chain, string interfaceName, Ipv6Address source, out Link link, out Dhcp4Subnet subnet)
    {
        if (TryAddressOf(message, out var address))
            return TryFind(s => s.Prefix.Contains(PortSet.ToMapped(address)) || s.Selectors.RelayAddresses.Contains(PortSet.ToMapped(address)), out link, out subnet);
        return chain.Hops > 0 ? TryRelayed(packet, chain, out link, out subnet) : TryDirect(interfaceName, source, out link, out subnet);
    }

    // What the DHCPv4 message says itself; whoever says it decides, also where no subnet fits.
    private static bool TryAddressOf(Dhcp4Message message, out Ipv4Address address)
    {
        var options = message.Options;
        if (options.TryGet(Dhcp4OptionCode.RelayAgentInformation, out var relay)
            && new SubOptionList(relay).TryGetAddress(RelayAgentSubOption.LinkSelection, out address) && !address.IsUnspecified)
            return true;
        if (options.TryGetAddress(Dhcp4OptionCode.SubnetSelection, out address) && !address.IsUnspecified)
            return true;
        address = message.RelayAddress;
        return !address.IsUnspecified;
    }

    private bool TryRelayed(ReadOnlySpan<byte> packet, in RelayChain chain, out Link link, out Dhcp4Subnet subnet)
    {
        for (var hop = chain.Hops - 1; hop >= 0; hop--)
        {
            var relay = chain.Hop(packet, hop);
            if (relay.Options.TryGet(OptionCode.InterfaceId, out var interfaceId) && TryByInterfaceId(interfaceId, out link, out subnet))
                return true;
            var address = relay.LinkAddress;
            if (address.IsUnspecified || address.IsLinkLocal)
                continue;
            if (TryFind(s => s.Dhcp6Subnet is { } prefix && prefix.Contains(address), out link, out subnet))
                return true;
            return dhcp6.TrySelectRelayed(packet, chain, out var link6, out _) & TryByName(link6, out link, out subnet);
        }

        return dhcp6.TrySelectRelayed(packet, chain, out var named, out _) & TryByName(named, out link, out subnet);
    }

    private bool TryDirect(string interfaceName, Ipv6Address source, out Link link, out Dhcp4Subnet subnet)
        => TryFind(s => s.Dhcp6Subnet is { } prefix && prefix.Contains(source), out link, out subnet)
            || TryFind(s => s.Dhcp6Interface == interfaceName, out link, out subnet)
            || (dhcp6.TrySelectDirect(interfaceName, source, out var link6, out _) & TryByName(link6, out link, out subnet));

    private bool TryByInterfaceId(ReadOnlySpan<byte> interfaceId, out Link link, out Dhcp4Subnet subnet)
    {
        foreach (var (candidateLink, candidate) in subnets)
        {
            if (candidate.Dhcp6InterfaceId is not { } id || !interfaceId.SequenceEqual(id))
                continue;
            (link, subnet) = (candidateLink, candidate);
            return true;
        }

        (link, subnet) = (null!, null!);
        return false;
    }

    private bool TryByName(Link? link6, out Link link, out Dhcp4Subnet subnet)
    {
        if (link6 is not null && byName.TryGetValue(link6.Name, out link!) && link.Subnets.Length > 0)
        {
            subnet = (Dhcp4Subnet)link.Subnets[0];
            return true;
        }

        (link, subnet) = (null!, null!);
        return false;
    }

    private bool TryFind(Func<Dhcp4Subnet, bool> fits, out Link link, out Dhcp4Subnet subnet)
    {
        foreach (var (candidateLink, candidate) in subnets)
        {
            if (!fits(candidate))
                continue;
            (link, subnet) = (candidateLink, candidate);
            return true;
        }

        (link, subnet) = (null!, null!);
        return false;
    }
}

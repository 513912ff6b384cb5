using Lease.Actors.Configuration;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp6;

/// <summary>
/// Finds the subnet that a client is on, as Kea does. Relayed: the interface-id of a relay, else a relay's link-address (of the relay nearest to the client
/// that gives one), which is a configured relay address or lies in a subnet. Direct: the interface, or a source address in a subnet.
/// </summary>
public sealed class SubnetSelector
{
    private readonly (Link Link, Subnet Subnet)[] subnets;

    /// <summary>Takes the configured links.</summary>
    public SubnetSelector(IEnumerable<Link> links) => subnets = [.. links.SelectMany(l => l.Subnets.Select(s => (l, s)))];

    /// <summary>The subnet for a relayed message.</summary>
    public bool TrySelectRelayed(ReadOnlySpan<byte> packet, in RelayChain chain, out Link link, out Subnet subnet)
    {
        for (var hop = chain.Hops - 1; hop >= 0; hop--)
        {
            var relay = chain.Hop(packet, hop);
            if (relay.Options.TryGet(OptionCode.InterfaceId, out var interfaceId) && TryFindByInterfaceId(interfaceId, out link, out subnet))
                return true;
            var address = relay.LinkAddress;
            if (!address.IsUnspecified && !address.IsLinkLocal)
                return TryFindByAddress(address, relayed: true, out link, out subnet);
        }

        link = null!;
        subnet = null!;
        return false;
    }

    /// <summary>The subnet for a message that came directly.</summary>
    public bool TrySelectDirect(string interfaceName, Ipv6Address source, out Link link, out Subnet subnet)
    {
        foreach (var (candidateLink, candidate) in subnets)
        {
            if (candidate.Selectors.Interface == interfaceName)
            {
                link = candidateLink;
                subnet = candidate;
                return true;
            }
        }

        if (!source.IsLinkLocal)
            return TryFindByAddress(source, relayed: false, out link, out subnet);
        link = null!;
        subnet = null!;
        return false;
    }

    private bool TryFindByInterfaceId(ReadOnlySpan<byte> interfaceId, out Link link, out Subnet subnet)
    {
        foreach (var (candidateLink, candidate) in subnets)
        {
            if (candidate.Selectors.InterfaceId is { } id && interfaceId.SequenceEqual(id))
            {
                link = candidateLink;
                subnet = candidate;
                return true;
            }
        }

        link = null!;
        subnet = null!;
        return false;
    }

    /// <summary>The subnet of a relay's link-address or of a client's own address.</summary>
    public bool TryFindByAddress(Ipv6Address address, bool relayed, out Link link, out Subnet subnet)
    {
        foreach (var (candidateLink, candidate) in subnets)
        {
            if (!(relayed && candidate.Selectors.RelayAddresses.Contains(address)))
                continue;
            link = candidateLink;
            subnet = candidate;
            return true;
        }

        foreach (var (candidateLink, candidate) in subnets)
        {
            if (!candidate.Prefix.Contains(address))
                continue;
            link = candidateLink;
            subnet = candidate;
            return true;
        }

        link = null!;
        subnet = null!;
        return false;
    }
}

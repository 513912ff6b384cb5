using Lease.Actors.Bindings;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp6;

/// <summary>
/// Finds the subnet that a client is on, as Kea does. Relayed: the interface-id of a relay, else a relay's link-address (of the relay nearest to the client
/// that gives one), which is a configured relay address or lies in a subnet. Direct: the interface, or a source address in a subnet. Subnets that the client's classes may not use are passed over.
/// </summary>
public sealed class SubnetSelector
{
    private readonly (Link Link, Subnet Subnet)[] subnets;

    /// <summary>Takes the configured links.</summary>
    public SubnetSelector(IEnumerable<Link> links) => subnets = [.. links.SelectMany(l => l.Subnets.Select(s => (l, s)))];

    /// <summary>The subnet for a relayed message; without <paramref name="classes"/> whoever may use it.</summary>
    public bool TrySelectRelayed(ReadOnlySpan<byte> packet, in RelayChain chain, AssignedClasses? classes, out Link link, out Subnet subnet)
    {
        for (var hop = chain.Hops - 1; hop >= 0; hop--)
        {
            var relay = chain.Hop(packet, hop);
            if (relay.Options.TryGet(OptionCode.InterfaceId, out var interfaceId) && subnets.TryChoose(new ByInterfaceId(interfaceId), classes, out link, out subnet))
                return true;
            var address = relay.LinkAddress;
            if (!address.IsUnspecified && !address.IsLinkLocal)
                return TryFindByAddress(address, relayed: true, classes, out link, out subnet);
        }

        link = null!;
        subnet = null!;
        return false;
    }

    /// <summary>The subnet for a message that came directly; without <paramref name="classes"/> whoever may use it.</summary>
    public bool TrySelectDirect(string interfaceName, Ipv6Address source, AssignedClasses? classes, out Link link, out Subnet subnet)
        => subnets.TryChoose(new ByInterface(interfaceName), classes, out link, out subnet)
            || (!source.IsLinkLocal && TryFindByAddress(source, relayed: false, classes, out link, out subnet));

    /// <summary>The subnet of a relay's link-address or of a client's own address; without <paramref name="classes"/> whoever may use it.</summary>
    public bool TryFindByAddress(Ipv6Address address, bool relayed, AssignedClasses? classes, out Link link, out Subnet subnet)
        => (relayed && subnets.TryChoose(new ByRelay(address), classes, out link, out subnet)) || subnets.TryChoose(new ByPrefix(address), classes, out link, out subnet);

    private readonly ref struct ByInterfaceId(ReadOnlySpan<byte> interfaceId) : ISubnetMatch<Subnet>
    {
        private readonly ReadOnlySpan<byte> interfaceId = interfaceId;

        public bool Fits(Subnet subnet) => subnet.Selectors.InterfaceId is { } id && interfaceId.SequenceEqual(id);
    }

    private readonly struct ByInterface(string name) : ISubnetMatch<Subnet>
    {
        public bool Fits(Subnet subnet) => subnet.Selectors.Interface == name;
    }

    private readonly struct ByRelay(Ipv6Address address) : ISubnetMatch<Subnet>
    {
        public bool Fits(Subnet subnet) => subnet.Selectors.RelayAddresses.Contains(address);
    }

    private readonly struct ByPrefix(Ipv6Address address) : ISubnetMatch<Subnet>
    {
        public bool Fits(Subnet subnet) => subnet.Prefix.Contains(address);
    }
}

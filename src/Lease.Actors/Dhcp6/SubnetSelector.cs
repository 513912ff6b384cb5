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
    private readonly Dictionary<string, (Link Link, Subnet Subnet)[]> byInterface;
    private readonly Dictionary<byte[], (Link Link, Subnet Subnet)[]>.AlternateLookup<ReadOnlySpan<byte>> byInterfaceId;
    private readonly PrefixIndex<(Link Link, Subnet Subnet)> byRelay;
    private readonly PrefixIndex<(Link Link, Subnet Subnet)> byPrefix;

    /// <summary>Takes the configured links.</summary>
    public SubnetSelector(IEnumerable<Link> links)
    {
        (Link Link, Subnet Subnet)[] subnets = [.. links.SelectMany(static l => l.Subnets.Select(s => (l, s)))];
        byInterface = subnets.By(static s => s.Selectors.Interface);
        byInterfaceId = subnets.By(static s => s.Selectors.InterfaceId, OctetComparer.Instance).GetAlternateLookup<ReadOnlySpan<byte>>();
        byRelay = new(subnets.SelectMany(static s => s.Subnet.Selectors.RelayAddresses.Select(a => (new Ipv6Prefix(a, 128), s))));
        byPrefix = new(subnets.Select(static s => (s.Subnet.Prefix, s)));
    }

    /// <summary>The subnet for a relayed message; without <paramref name="classes"/> whoever may use it.</summary>
    public bool TrySelectRelayed(ReadOnlySpan<byte> packet, in RelayChain chain, AssignedClasses? classes, out Link link, out Subnet subnet)
    {
        for (var hop = chain.Hops - 1; hop >= 0; hop--)
        {
            var relay = chain.Hop(packet, hop);
            if (relay.Options.TryGet(OptionCode.InterfaceId, out var interfaceId) && byInterfaceId.TryGetValue(interfaceId, out var named)
                && SubnetChoice.TryChoose(named, classes, out link, out subnet))
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
        => SubnetChoice.TryChoose(byInterface.GetValueOrDefault(interfaceName), classes, out link, out subnet)
            || (!source.IsLinkLocal && TryFindByAddress(source, relayed: false, classes, out link, out subnet));

    /// <summary>The subnet of a relay's link-address or of a client's own address; without <paramref name="classes"/> whoever may use it.</summary>
    public bool TryFindByAddress(Ipv6Address address, bool relayed, AssignedClasses? classes, out Link link, out Subnet subnet)
        => (relayed && SubnetChoice.TryChoose(byRelay.Find(address), classes, out link, out subnet)) || SubnetChoice.TryChoose(byPrefix.Find(address), classes, out link, out subnet);
}

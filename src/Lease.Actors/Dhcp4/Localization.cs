using Lease.Actors.Bindings;
using Lease.Actors.Classification;
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
    private readonly PrefixIndex<(Link Link, Dhcp4Subnet Subnet)> byAddress;
    private readonly PrefixIndex<(Link Link, Dhcp4Subnet Subnet)> byDhcp6Subnet;
    private readonly Dictionary<string, (Link Link, Dhcp4Subnet Subnet)[]> byInterface;
    private readonly Dictionary<byte[], (Link Link, Dhcp4Subnet Subnet)[]>.AlternateLookup<ReadOnlySpan<byte>> byInterfaceId;
    private readonly Dictionary<string, Link> byName = new(StringComparer.Ordinal);
    private readonly SubnetSelector dhcp6;

    /// <summary>Takes the configured links of both services.</summary>
    public Localization(Dhcp4Configuration configuration, SubnetSelector dhcp6)
    {
        this.dhcp6 = dhcp6;
        (Link Link, Dhcp4Subnet Subnet)[] subnets = [.. configuration.Links.SelectMany(static l => l.Subnets.Select(s => (l, (Dhcp4Subnet)s)))];
        byAddress = new(subnets.SelectMany(static s => s.Subnet.Selectors.RelayAddresses.Select(static a => new Ipv6Prefix(a, 128)).Prepend(s.Subnet.Prefix).Select(p => (p, s))));
        byDhcp6Subnet = new(subnets.Where(static s => s.Subnet.Dhcp6Subnet is not null).Select(static s => (s.Subnet.Dhcp6Subnet!.Value, s)));
        byInterface = subnets.By(static s => s.Dhcp6Interface);
        byInterfaceId = subnets.By(static s => s.Dhcp6InterfaceId, OctetComparer.Instance).GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var link in configuration.Links)
            byName.TryAdd(link.Name, link);
    }

    /// <summary>The link, and the subnet of it to allocate from first: one that the client's <paramref name="classes"/> may use.</summary>
    public bool TryFind(
        Dhcp4Message message, ReadOnlySpan<byte> packet, in RelayChain chain, string interfaceName, Ipv6Address source, AssignedClasses? classes, out Link link, out Dhcp4Subnet subnet)
    {
        if (TryAddressOf(message, out var address))
            return SubnetChoice.TryChoose(byAddress.Find(PortSet.ToMapped(address)), classes, out link, out subnet);
        return chain.Hops > 0 ? TryRelayed(packet, chain, classes, out link, out subnet) : TryDirect(interfaceName, source, classes, out link, out subnet);
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

    // The classes are the DHCPv4 message's: DHCPv6's guards are not for it, its shared networks only name the link.
    private bool TryRelayed(ReadOnlySpan<byte> packet, in RelayChain chain, AssignedClasses? classes, out Link link, out Dhcp4Subnet subnet)
    {
        for (var hop = chain.Hops - 1; hop >= 0; hop--)
        {
            var relay = chain.Hop(packet, hop);
            if (relay.Options.TryGet(OptionCode.InterfaceId, out var interfaceId) && byInterfaceId.TryGetValue(interfaceId, out var named)
                && SubnetChoice.TryChoose(named, classes, out link, out subnet))
                return true;
            var address = relay.LinkAddress;
            if (address.IsUnspecified || address.IsLinkLocal)
                continue;
            if (SubnetChoice.TryChoose(byDhcp6Subnet.Find(address), classes, out link, out subnet))
                return true;
            break;
        }

        return dhcp6.TrySelectRelayed(packet, chain, classes: null, out var link6, out _) & TryByName(link6, classes, out link, out subnet);
    }

    private bool TryDirect(string interfaceName, Ipv6Address source, AssignedClasses? classes, out Link link, out Dhcp4Subnet subnet)
        => SubnetChoice.TryChoose(byDhcp6Subnet.Find(source), classes, out link, out subnet)
            || SubnetChoice.TryChoose(byInterface.GetValueOrDefault(interfaceName), classes, out link, out subnet)
            || (dhcp6.TrySelectDirect(interfaceName, source, classes: null, out var link6, out _) & TryByName(link6, classes, out link, out subnet));

    private bool TryByName(Link? link6, AssignedClasses? classes, out Link link, out Dhcp4Subnet subnet)
    {
        if (link6 is not null && byName.TryGetValue(link6.Name, out link!) && link.FirstOpenTo(classes) is Dhcp4Subnet first)
        {
            subnet = first;
            return true;
        }

        (link, subnet) = (null!, null!);
        return false;
    }
}

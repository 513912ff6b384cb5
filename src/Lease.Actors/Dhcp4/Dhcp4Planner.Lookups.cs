using System.Buffers.Binary;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Dhcp4;

/// <content>What the planner looks up: what the client wants, has or may have, and for how long.</content>
internal sealed partial class Dhcp4Planner
{
    // What was offered to the client, what it asks for, what it had: in this order.
    private int CollectWanted(Span<LeaseKey> wanted)
    {
        var count = 0;
        if (Requested is { } requested)
            wanted[count++] = KeyOf(requested);
        foreach (var offer in Offers)
        {
            if (count < 4)
                wanted[count++] = offer.Key;
        }

        for (var i = Working.Count - 1; i >= 0 && count < wanted.Length; i--)
        {
            if (Working[i].Phase is LeasePhase.Released or LeasePhase.Expired)
                wanted[count++] = Working[i].Key;
        }

        return count;
    }

    // An address alone does not say which port set: the client does (option 159), or what was offered to it or what it had.
    private LeaseKey KeyOf(Ipv4Address address)
    {
        if (exchange.Message.Options.TryGet(Dhcp4OptionCode.PortParameters, out var data) && PortParameters.TryRead(data, out var ports) && ports.PsidLength > 0)
            return PortSet.KeyOf(address, ports);
        foreach (var offer in Offers)
        {
            if (IsAddressOf(offer.Key, address))
                return offer.Key;
        }

        return LastWith(address)?.Key ?? PortSet.KeyOf(address);
    }

    private uint ValidOf(Subnet subnet)
    {
        if (type == Dhcp4MessageType.Bootp)
            return BoundLease.Infinity;
        var limits = exchange.LifetimesOn(subnet);
        return exchange.Message.Options.TryGet(Dhcp4OptionCode.LeaseTime, out var hint)
            ? Math.Clamp(BinaryPrimitives.ReadUInt32BigEndian(hint), limits.MinValid, limits.MaxValid)
            : limits.Valid;
    }

    private int IndexOfActive()
    {
        var index = Working.Count - 1;
        while (index >= 0 && !Working[index].IsActiveAt(Now))
            index--;
        return index;
    }

    // The last one of its leases, also ended ones, that has this address, whatever the port set.
    private BoundLease? LastWith(Ipv4Address address)
    {
        for (var i = Working.Count - 1; i >= 0; i--)
        {
            if (IsAddressOf(Working[i].Key, address))
                return Working[i];
        }

        return null;
    }

    // The subnet of a lease that the client may keep; null when it must not.
    private Dhcp4Subnet? Usable(BoundLease lease)
    {
        var subnet = Link.FindSubnet(lease.Subnet);
        if (subnet is null || !MayKeep(subnet, lease) || IsForOther(lease.Key) || !subnet.Prefix.Contains(new Ipv6Address(lease.Key.Address)) || (lease.Key.Ports != 0 && !acceptsPortSets))
            return null;
        return (Dhcp4Subnet)subnet;
    }

    private bool IsReservedOne(LeaseKey key)
    {
        foreach (var reserved in ReservationLookup.UnitsOf(Reservation, IaKind.Ipv4))
            return reserved == key || !IsGivable(reserved);
        return true;
    }

    private LeaseKey? ReservedUnit()
    {
        foreach (var reserved in ReservationLookup.UnitsOf(Reservation, IaKind.Ipv4))
        {
            if (IsGivable(reserved))
                return reserved;
        }

        return null;
    }

    // A global reservation may be of another link, or of a subnet that is not for the client's classes.
    private bool IsGivable(LeaseKey reserved) => !IsConflict(reserved) && exchange.SubnetOf(reserved) is { } subnet && MayUse(subnet);

    private static bool IsAddressOf(LeaseKey key, Ipv4Address address) => key.Address == PortSet.ToMapped(address).Value;
}

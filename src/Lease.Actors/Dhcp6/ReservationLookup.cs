using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp6;

/// <summary>Which reservation a client has on its link, and which units are reserved for others.</summary>
internal static class ReservationLookup
{
    /// <summary>The client's reservation: of the selected subnet, of the link's other subnets, then global; each by the configured order of identifiers.</summary>
    public static Reservation? Find(ClientExchange exchange, ReadOnlySpan<byte> duid, ReadOnlySpan<byte> hardwareAddress)
    {
        var configuration = exchange.Settings.Configuration;
        var found = FindIn(exchange.Subnet, configuration, duid, hardwareAddress);
        foreach (var subnet in exchange.Link.Subnets)
            found ??= FindIn(subnet, configuration, duid, hardwareAddress);
        if (found is null && exchange.Subnet.ReservationsGlobal)
            found = FindIn(configuration.Reservations, configuration, duid, hardwareAddress);
        return found;
    }

    /// <summary>Whether a unit is reserved for a client other than the one that has <paramref name="own"/>.</summary>
    public static bool IsForOther(Link link, Dhcp6Configuration configuration, LeaseKey key, Reservation? own)
    {
        foreach (var subnet in link.Subnets)
        {
            if (subnet.ReservationsInSubnet && !subnet.ReservationsOutOfPool && HolderOf(subnet.Reservations, key) is { } holder && holder != own)
                return true;
            if (subnet.ReservationsGlobal && HolderOf(configuration.Reservations, key) is { } globalHolder && globalHolder != own)
                return true;
        }

        return false;
    }

    /// <summary>The client's link-layer address without its type: from its nearest relay (RFC 6939), else from its DUID; empty when unknown.</summary>
    public static ReadOnlySpan<byte> HardwareAddressOf(ClientExchange exchange, ReadOnlySpan<byte> duid)
    {
        var typed = LinkLayerOf(exchange);
        if (typed.Length > 2)
            return typed[2..];
        return Duid.TryGetLinkLayer(duid, out _, out var address) ? address : default;
    }

    /// <summary>Hardware type and address as the relay nearest to the client says; empty when it does not.</summary>
    public static ReadOnlySpan<byte> LinkLayerOf(ClientExchange exchange)
    {
        var packet = exchange.Datagram.Data;
        for (var hop = exchange.Chain.Hops - 1; hop >= 0; hop--)
        {
            if (exchange.Chain.Hop(packet, hop).Options.TryGet(OptionCode.ClientLinkLayerAddress, out var data))
                return data;
        }

        return default;
    }

    private static Reservation? HolderOf(ReservationTable table, LeaseKey key)
        => table.All.Count == 0 ? null : key.Length == 128 ? table.FindByAddress(new Ipv6Address(key.Address)) : table.FindByPrefix(key.ToPrefix());

    private static Reservation? FindIn(Subnet subnet, Dhcp6Configuration configuration, ReadOnlySpan<byte> duid, ReadOnlySpan<byte> hardwareAddress)
        => subnet.ReservationsInSubnet ? FindIn(subnet.Reservations, configuration, duid, hardwareAddress) : null;

    private static Reservation? FindIn(ReservationTable table, Dhcp6Configuration configuration, ReadOnlySpan<byte> duid, ReadOnlySpan<byte> hardwareAddress)
    {
        if (table.All.Count == 0)
            return null;
        foreach (var kind in configuration.ReservationIdentifiers)
        {
            if (table.Find(kind, kind == ReservationIdentifier.Duid ? duid : hardwareAddress) is { } reservation)
                return reservation;
        }

        return null;
    }

    /// <summary>The units that the reservation gives for a kind of association.</summary>
    public static IEnumerable<LeaseKey> UnitsOf(Reservation? reservation, IaKind kind) => (reservation, kind) switch
    {
        (null, _) => [],
        (_, IaKind.PrefixDelegation) => reservation.Prefixes.Select(static p => new LeaseKey(p.First.Value, p.Length)),
        (_, IaKind.NonTemporary) => reservation.Addresses.Select(static a => new LeaseKey(a.Value, 128)),
        _ => [],
    };
}

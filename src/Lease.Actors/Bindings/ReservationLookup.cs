using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;

namespace Lease.Actors.Bindings;

/// <summary>By what reservations can know a client; what is empty is not known.</summary>
internal readonly ref struct ClientIdentifiers
{
    public ReadOnlySpan<byte> Duid { get; init; }

    public ReadOnlySpan<byte> HardwareAddress { get; init; }

    public ReadOnlySpan<byte> ClientId { get; init; }

    public ReadOnlySpan<byte> CircuitId { get; init; }

    public ReadOnlySpan<byte> Of(ReservationIdentifier kind) => kind switch
    {
        ReservationIdentifier.Duid => Duid,
        ReservationIdentifier.HardwareAddress => HardwareAddress,
        ReservationIdentifier.ClientId => ClientId,
        _ => CircuitId,
    };
}

/// <summary>Which reservation a client has on its link, and which units are reserved for others.</summary>
internal static class ReservationLookup
{
    /// <summary>
    /// The client's reservation: of the selected subnet, of the link's other subnets that it may use, then global; each by the configured order of identifiers.
    /// </summary>
    public static Reservation? Find(ServiceConfiguration configuration, Link link, Subnet selected, AssignedClasses? classes, in ClientIdentifiers client)
    {
        var found = FindIn(selected, configuration, client);
        foreach (var subnet in link.Subnets)
        {
            if (found is null && subnet.Guard.IsOpenTo(classes))
                found = FindIn(subnet, configuration, client);
        }

        if (found is null && selected.ReservationsGlobal)
            found = FindIn(configuration.Reservations, configuration, client);
        return found;
    }

    /// <summary>Whether anything of a unit is reserved for a client other than the one that has <paramref name="own"/>.</summary>
    public static bool IsForOther(Link link, ServiceConfiguration configuration, LeaseKey key, Reservation? own)
    {
        if (configuration.ReservedInSubnets.IsForOther(key, own))
            return true;
        foreach (var subnet in link.Subnets)
        {
            if (subnet.ReservationsGlobal && configuration.Reservations.Space.IsForOther(key, own))
                return true;
        }

        return false;
    }

    /// <summary>Whether a reservation reserves this unit.</summary>
    public static bool IsReservedBy(Reservation? reservation, LeaseKey key)
        => reservation is not null && (key.Length == 128 ? reservation.Addresses.Contains(new Ipv6Address(key.Address)) : reservation.Prefixes.Contains(key.ToPrefix()));

    private static Reservation? FindIn(Subnet subnet, ServiceConfiguration configuration, in ClientIdentifiers client)
        => subnet.ReservationsInSubnet ? FindIn(subnet.Reservations, configuration, client) : null;

    private static Reservation? FindIn(ReservationTable table, ServiceConfiguration configuration, in ClientIdentifiers client)
    {
        if (table.All.Count == 0)
            return null;
        foreach (var kind in configuration.ReservationIdentifiers)
        {
            if (table.Find(kind, client.Of(kind)) is { } reservation)
                return reservation;
        }

        return null;
    }

    /// <summary>The units that the reservation gives for a kind of association.</summary>
    public static IEnumerable<LeaseKey> UnitsOf(Reservation? reservation, IaKind kind) => (reservation, kind) switch
    {
        (null, _) => [],
        (_, IaKind.PrefixDelegation) => reservation.Prefixes.Select(static p => new LeaseKey(p.First.Value, p.Length)),
        (_, IaKind.NonTemporary or IaKind.Ipv4) => reservation.Addresses.Select(static a => new LeaseKey(a.Value, 128)),
        _ => [],
    };
}

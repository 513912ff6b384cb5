using System.Collections.Immutable;
using Lease.Actors.Classification;
using Lease.Protocol;

namespace Lease.Actors.Configuration;

/// <summary>By what a client is known to a reservation. Kea has flex-id as well.</summary>
public enum ReservationIdentifier
{
    /// <summary>The client's DUID; of a DHCPv4 client, the one in its client identifier (RFC 4361).</summary>
    Duid,

    /// <summary>The client's link-layer address: from chaddr; for DHCPv6 from option 79 of its relay, or from a DUID-LLT or DUID-LL.</summary>
    HardwareAddress,

    /// <summary>DHCPv4: the client identifier.</summary>
    ClientId,

    /// <summary>DHCPv4: the circuit-id of the relay (RFC 3046).</summary>
    CircuitId,
}

/// <summary>A host reservation.</summary>
public sealed class Reservation
{
    /// <summary>Which identifier <see cref="Identifier"/> is.</summary>
    public required ReservationIdentifier Kind { get; init; }

    /// <summary>The DUID, or the hardware address without its type.</summary>
    public required byte[] Identifier { get; init; }

    /// <summary>Reserved addresses, in the order in which IAs get them.</summary>
    public IReadOnlyList<Ipv6Address> Addresses { get; init; } = [];

    /// <summary>Reserved prefixes, likewise.</summary>
    public IReadOnlyList<Ipv6Prefix> Prefixes { get; init; } = [];

    /// <summary>Excluded prefixes of <see cref="Prefixes"/>, in their order; null where a prefix has none.</summary>
    public IReadOnlyList<ExcludedPrefix?> ExcludedPrefixes { get; init; } = [];

    /// <summary>Name for the client's FQDN option; null for none.</summary>
    public string? Hostname { get; init; }

    /// <summary>DHCPv4: siaddr, sname and file for this host.</summary>
    public BootFields Boot { get; init; } = BootFields.Empty;

    /// <summary>The host's own options: the most specific level.</summary>
    public OptionSet Options { get; init; } = OptionSet.Empty;

    /// <summary>Classes that the client is in by its reservation.</summary>
    public ImmutableArray<ClientClass> Classes { get; init; } = [];

    /// <summary>Whether the other one, perhaps of another subnet, is of the same client.</summary>
    public bool IsOfSameClient(Reservation? other) => other == this
        || (other is not null && other.Kind == Kind && other.Identifier.AsSpan().SequenceEqual(Identifier));
}

/// <summary>The reservations of one level, indexed by identifier.</summary>
public sealed class ReservationTable
{
    private readonly Dictionary<ReservationIdentifier, Dictionary<byte[], Reservation>> byIdentifier = [];

    /// <summary>Indexes <paramref name="reservations"/>; of several with the same identifier the first counts (the configuration reader
    /// refuses them).</summary>
    public ReservationTable(IEnumerable<Reservation> reservations)
    {
        All = [.. reservations];
        Space = new ReservedSpace(All);
        foreach (var reservation in All)
        {
            if (!byIdentifier.TryGetValue(reservation.Kind, out var known))
                byIdentifier[reservation.Kind] = known = new(OctetComparer.Instance);
            known.TryAdd(reservation.Identifier, reservation);
        }
    }

    /// <summary>No reservations.</summary>
    public static ReservationTable Empty { get; } = new([]);

    /// <summary>Every reservation, in the order of the file.</summary>
    public IReadOnlyList<Reservation> All { get; }

    /// <summary>What they reserve.</summary>
    public ReservedSpace Space { get; }

    /// <summary>The reservation for a client's identifier, or null.</summary>
    public Reservation? Find(ReservationIdentifier kind, ReadOnlySpan<byte> identifier)
        => !identifier.IsEmpty && byIdentifier.TryGetValue(kind, out var known) && known.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(identifier, out var found) ? found : null;
}

using System.Collections.Immutable;
using Lease.Actors.Classification;
using Lease.Protocol;

namespace Lease.Actors.Configuration;

/// <summary>What the <c>Dhcp6</c> and <c>Dhcp4</c> objects of the configuration have in common. IPv4 addresses and prefixes are IPv4-mapped here (::ffff:0:0/96).</summary>
public abstract class ServiceConfiguration
{
    private const uint MaxDeclined = 4096;

    /// <summary>The links: shared networks, and each subnet that is in none.</summary>
    public required ImmutableArray<Link> Links
    {
        get;
        init
        {
            field = value;
            ReservedInSubnets = new ReservedSpace(
                value.SelectMany(static l => l.Subnets).Where(static s => s.ReservationsInSubnet && !s.ReservationsOutOfPool)
                    .SelectMany(static s => s.Reservations.All));
        }
    }

    /// <summary>What the subnets' reservations reserve: on every link, since a prefix is of no subnet's.</summary>
    public ReservedSpace ReservedInSubnets { get; private init; } = new([]);

    /// <summary>Options of the global level.</summary>
    public required OptionSet Options { get; init; }

    /// <summary>Reservations of the global level (used where <see cref="Subnet.ReservationsGlobal"/> is set).</summary>
    public required ReservationTable Reservations { get; init; }

    /// <summary>Finds the classes of packets; null when the configuration names none.</summary>
    public Classifier? Classifier { get; init; }

    /// <summary>Which identifier of a client is looked up first (<c>host-reservation-identifiers</c>).</summary>
    public ImmutableArray<ReservationIdentifier> ReservationIdentifiers { get; init; } = [ReservationIdentifier.HardwareAddress, ReservationIdentifier.Duid];

    /// <summary>How long a declined address stays out of use (<c>decline-probation-period</c>).</summary>
    public TimeSpan DeclineProbation { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Addresses of a subnet that may be on probation at a time (<c>declined-limit</c>); null: a quarter of its pools.</summary>
    public uint? DeclinedLimit { get; init; }

    /// <summary>How long the binding of a client whose last lease ended is remembered (<c>expired-leases-processing.hold-reclaimed-time</c>): its address stays known for its return.</summary>
    public TimeSpan HoldEndedBinding { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long an offered address is kept for its client (<c>offer-lifetime</c>; 0 in the file means this default).</summary>
    public TimeSpan OfferLifetime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Definitions of <c>option-def</c>, for names in logs and queries.</summary>
    public IReadOnlyList<OptionDefinition> OptionDefinitions { get; init; } = [];

    /// <summary>How many addresses of a subnet may be on probation at a time.</summary>
    public uint DeclinedLimitOn(Subnet subnet)
    {
        if (DeclinedLimit is { } given)
            return given;
        var units = UInt128.Zero;
        foreach (var pool in subnet.Pools)
            units += UInt128.Min(pool.Range.Units, MaxDeclined * 4);
        return (uint)UInt128.Clamp(units / 4, 1, MaxDeclined);
    }
}

/// <summary>A link: the clients' identity space (RFC 8415 section 4.2). A shared network, or a subnet standing alone.</summary>
public sealed class Link
{
    /// <summary>Name of the shared network, or <c>subnet-ID</c>. Part of every binding's key: renaming a link forgets its bindings.</summary>
    public required string Name { get; init; }

    /// <summary>Its subnets in the order of the file.</summary>
    public required ImmutableArray<Subnet> Subnets { get; init; }
}

/// <summary>How a subnet is found for a message.</summary>
public sealed record SubnetSelectors
{
    /// <summary>Interface on which direct clients are served; null for none.</summary>
    public string? Interface { get; init; }

    /// <summary>Interface-id that a relay sends; null for none.</summary>
    public byte[]? InterfaceId { get; init; }

    /// <summary>Link-addresses of relays that stand for this subnet beside the addresses in its prefix (<c>relay.ip-addresses</c>).</summary>
    public ImmutableArray<Ipv6Address> RelayAddresses { get; init; } = [];
}

/// <summary>A subnet with everything inherited from its shared network and the global level.</summary>
public class Subnet
{
    /// <summary>The number of the file, unique.</summary>
    public required uint Id { get; init; }

    /// <summary>The prefix of its addresses.</summary>
    public required Ipv6Prefix Prefix { get; init; }

    /// <summary>How it is found; values of the shared network are inherited.</summary>
    public required SubnetSelectors Selectors { get; init; }

    /// <summary>Address pools in the order of the file.</summary>
    public required ImmutableArray<AddressPool> Pools { get; init; }

    /// <summary>Prefix pools in the order of the file.</summary>
    public required ImmutableArray<PrefixPool> PrefixPools { get; init; }

    /// <summary>Who may use it; null: everybody.</summary>
    public ClassGuard? Guard { get; init; }

    /// <summary>Classes that are evaluated for the options of its clients (<c>require-client-classes</c>): the shared network's, then its own.</summary>
    public ImmutableArray<ClientClass> RequiredClasses { get; init; } = [];

    /// <summary>Lifetimes of addresses and prefixes.</summary>
    public required Lifetimes Lifetimes { get; init; }

    /// <summary>T1 and T2.</summary>
    public required RenewalTimers Timers { get; init; }

    /// <summary>Whether a SOLICIT with Rapid Commit is answered with a REPLY.</summary>
    public bool RapidCommit { get; init; }

    /// <summary>Options: the subnet's, then those of the shared network and of the global level that it does not set itself.</summary>
    public required OptionSet Options { get; init; }

    /// <summary><see cref="Options"/> without those of the global level, which classes come before.</summary>
    public OptionSet LocalOptions { get; init; } = OptionSet.Empty;

    /// <summary>The subnet's own reservations.</summary>
    public required ReservationTable Reservations { get; init; }

    /// <summary><c>reservations-global</c>.</summary>
    public bool ReservationsGlobal { get; init; }

    /// <summary><c>reservations-in-subnet</c>.</summary>
    public bool ReservationsInSubnet { get; init; } = true;

    /// <summary><c>reservations-out-of-pool</c>: reservations are never inside pools, so pools need not be checked against them.</summary>
    public bool ReservationsOutOfPool { get; init; }

    /// <summary>Share of the valid lifetime, 0..1, that may pass while a renewal is answered with the remaining lifetime of the lease without a new commit (<c>cache-threshold</c>); 0: off.</summary>
    public double CacheThreshold { get; init; }

    /// <summary>Upper bound on the age of a lease that is answered so (<c>cache-max-age</c>); null for none.</summary>
    public TimeSpan? CacheMaxAge { get; init; }

    /// <summary>Whether relay data is kept with the binding for queries (<c>store-extended-info</c>). Default here: on.</summary>
    public bool StoreExtendedInfo { get; init; } = true;
}

/// <summary>Minimum, default and maximum lifetimes in seconds; 0xffffffff is infinity. The client's hint is honoured within minimum and maximum.</summary>
public sealed record Lifetimes(uint MinPreferred, uint Preferred, uint MaxPreferred, uint MinValid, uint Valid, uint MaxValid);

/// <summary>T1 and T2 (RFC 8415 section 14.2).</summary>
/// <param name="T1">Configured <c>renew-timer</c> in seconds; null: computed, or 0 (the client chooses) when <paramref name="Calculate"/> is off.</param>
/// <param name="T2">Configured <c>rebind-timer</c> in seconds; null as for T1.</param>
/// <param name="Calculate"><c>calculate-tee-times</c>.</param>
/// <param name="T1Share">T1 as a share of the shortest preferred lifetime, 0..1 (<c>t1-percent</c>).</param>
/// <param name="T2Share">T2 likewise (<c>t2-percent</c>).</param>
public sealed record RenewalTimers(uint? T1, uint? T2, bool Calculate = true, double T1Share = 0.5, double T2Share = 0.8);

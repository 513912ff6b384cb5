using System.Collections.Immutable;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Protocol;

namespace Lease.Actors.Bindings;

/// <summary>What an identity association holds (RFC 8415 section 12), or DHCPv4 in the place of one. The numbers are stored: never reuse one.</summary>
public enum IaKind : byte
{
    /// <summary>IA_NA: addresses.</summary>
    NonTemporary = 1,

    /// <summary>IA_TA: temporary addresses (RFC 8415 section 13.2; deprecated by RFC 9915).</summary>
    Temporary = 2,

    /// <summary>IA_PD: delegated prefixes.</summary>
    PrefixDelegation = 3,

    /// <summary>No identity association: an IPv4 address, maybe with a port set, of DHCPv4.</summary>
    Ipv4 = 4,
}

/// <summary>The life of a lease within its binding. The numbers are stored: never reuse one.</summary>
public enum LeasePhase : byte
{
    /// <summary>The client may use it until its valid lifetime ends.</summary>
    Active = 1,

    /// <summary>The client gave it back.</summary>
    Released = 2,

    /// <summary>Its valid lifetime ended.</summary>
    Expired = 3,

    /// <summary>The client found it in use; on probation until <see cref="BoundLease.EndsAt"/>.</summary>
    Declined = 4,
}

/// <summary>A lease within a binding.</summary>
/// <param name="Kind">The kind of its identity association.</param>
/// <param name="Iaid">The identity association's number, chosen by the client.</param>
/// <param name="Key">The address or prefix.</param>
/// <param name="Phase">Where in its life it is.</param>
/// <param name="Subnet">Number of the subnet it came from.</param>
/// <param name="Preferred">Preferred lifetime in seconds as last granted; 0xffffffff is infinity.</param>
/// <param name="Valid">Valid lifetime in seconds as last granted; 0xffffffff is infinity.</param>
/// <param name="ChangedAt">When it was last granted, or when its phase changed, Unix milliseconds.</param>
/// <param name="ProbationEndsAt">With <see cref="LeasePhase.Declined"/>: when its probation ends, Unix milliseconds; else 0.</param>
public sealed record BoundLease(
    IaKind Kind, uint Iaid, LeaseKey Key, LeasePhase Phase, uint Subnet, uint Preferred, uint Valid, long ChangedAt, long ProbationEndsAt = 0)
{
    /// <summary>A lifetime that never ends.</summary>
    public const uint Infinity = uint.MaxValue;

    /// <summary>When the lease (or its probation) ends, Unix milliseconds; <see cref="long.MaxValue"/> for never, 0 when it has ended.</summary>
    public long EndsAt => Phase switch
    {
        LeasePhase.Active => Valid == Infinity ? long.MaxValue : ChangedAt + (Valid * 1000L),
        LeasePhase.Declined => ProbationEndsAt,
        _ => 0,
    };

    /// <summary>Whether the client may use it at <paramref name="now"/> (Unix milliseconds).</summary>
    public bool IsActiveAt(long now) => Phase == LeasePhase.Active && EndsAt > now;
}

/// <summary>What the relays said of the client in its last exchange, kept for queries (RFC 5007 section 4.1.2.4, RFC 5460 section 5.4).</summary>
/// <param name="PeerAddress">The address from which the last relay received, or of the client, 16 octets.</param>
/// <param name="Forward">The last RELAY-FORW as received, without the client's message.</param>
/// <param name="RemoteId">Remote-id option's data of the relay nearest to the client that sent one; null for none.</param>
/// <param name="RelayIds">Data of the relay-id options, the relay nearest to the client first.</param>
public sealed record RelayData(UInt128 PeerAddress, byte[] Forward, byte[]? RemoteId, IReadOnlyList<byte[]> RelayIds);

/// <summary>What DHCPv4 adds to a binding.</summary>
/// <param name="TunnelSource">The client's tunnel source address (RFC 8539, option 109); null when it gave none.</param>
/// <param name="Options">DHCPv4 options of the client that a query may ask for, as sent: code, length, data, one after the other.</param>
public sealed record Ipv4Data(Ipv6Address? TunnelSource, byte[] Options)
{
    /// <summary>The row of the lease table that keeps a tunnel source address to one client (RFC 8539 section 8).</summary>
    public static LeaseKey TunnelKey(Ipv6Address source) => new(source.Value, 128, LeaseKey.GuardOnly);

    /// <summary>Whether the key is that of a tunnel source address.</summary>
    public static bool IsTunnelKey(LeaseKey key) => key.Ports == LeaseKey.GuardOnly;
}

/// <summary>
/// The current state of a client on a link: what its binding row holds. Immutable; each committed event makes a new one.
/// </summary>
public sealed record Binding
{
    /// <summary>Name of the link.</summary>
    public required string Link { get; init; }

    /// <summary>What identifies the client: see <see cref="BindingKey.IdentityOf(EntityKey)"/>.</summary>
    public required ReadOnlyMemory<byte> ClientId { get; init; }

    /// <summary>Every lease that the binding remembers, also ended ones.</summary>
    public ImmutableArray<BoundLease> Leases { get; init; } = [];

    /// <summary>When the client last exchanged messages with the server, Unix milliseconds (CLT_TIME, RFC 5007 section 4.1.2.3).</summary>
    public long LastTransactionAt { get; init; }

    /// <summary>That exchange's <see cref="ClientExchange.Transaction"/>, by which copies of its message are known; 0 in a row that an older program wrote.</summary>
    public long LastTransaction { get; init; }

    /// <summary>The client's link-layer address as learned (option 79, or its DUID): hardware type, 2 octets, then the address; empty when unknown.</summary>
    public ReadOnlyMemory<byte> LinkLayerAddress { get; init; }

    /// <summary>The relays' data; null when the client was direct or it is not kept.</summary>
    public RelayData? Relay { get; init; }

    /// <summary>DHCPv6 options of the client that a query may ask for, as sent: code, length, data, one after the other.</summary>
    public ReadOnlyMemory<byte> ClientOptions { get; init; }

    /// <summary>What only a DHCPv4 client has; null for a DHCPv6 client.</summary>
    public Ipv4Data? Ipv4 { get; init; }

    /// <summary>
    /// When the binding has to be looked at again, Unix milliseconds: its first lease or probation ends, or, after the last one has ended,
    /// <paramref name="hold"/> has passed and it is forgotten.
    /// </summary>
    public long NextDueAt(TimeSpan hold)
    {
        var due = long.MaxValue;
        var lastChange = LastTransactionAt;
        var ended = true;
        foreach (var lease in Leases)
        {
            lastChange = Math.Max(lastChange, lease.ChangedAt);
            if (lease.EndsAt == 0)
                continue;
            ended = false;
            due = Math.Min(due, lease.EndsAt);
        }

        return ended ? lastChange + (long)hold.TotalMilliseconds : due;
    }
}

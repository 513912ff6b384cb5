using Lease.Actors.Bindings;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp6;

/// <summary>What the server has decided to say; <see cref="ReplyWriter"/> puts it into octets.</summary>
public sealed class Answer
{
    /// <summary>ADVERTISE or REPLY.</summary>
    public required MessageType Type { get; init; }

    /// <summary>Status of the whole message; null: none.</summary>
    public StatusCode? Status { get; set; }

    /// <summary>Whether RAPID_COMMIT goes in.</summary>
    public bool RapidCommit { get; init; }

    /// <summary>Whether configured options go in (not in answers to RELEASE, DECLINE and CONFIRM).</summary>
    public bool WithOptions { get; init; }

    /// <summary>The identity associations, in the client's order.</summary>
    public List<IaAnswer> Ias { get; } = new(1);

    /// <summary>The client's reservation; null for none.</summary>
    public Reservation? Reservation { get; init; }

    /// <summary>The client's classes; null when the configuration names none.</summary>
    public AssignedClasses? Classes { get; init; }
}

/// <summary>An identity association in an answer.</summary>
public sealed class IaAnswer(IaKind kind, uint iaid)
{
    /// <summary>Its kind.</summary>
    public IaKind Kind { get; } = kind;

    /// <summary>Its number.</summary>
    public uint Iaid { get; } = iaid;

    /// <summary>Its status; null: none.</summary>
    public StatusCode? Status { get; set; }

    /// <summary>Its leases.</summary>
    public List<LeaseAnswer> Leases { get; } = new(1);

    /// <summary>The subnet of its leases; null when it has none: T1 and T2 are the subnet's.</summary>
    public Subnet? Subnet { get; set; }
}

/// <summary>A lease in an answer.</summary>
/// <param name="Key">The address or prefix.</param>
/// <param name="Preferred">Seconds; 0 with <paramref name="Valid"/> 0 takes it away.</param>
/// <param name="Valid">Seconds.</param>
/// <param name="Excluded">Excluded prefix; null for none.</param>
/// <param name="Pool">Its pool; null when it is from none.</param>
public sealed record LeaseAnswer(LeaseKey Key, uint Preferred, uint Valid, Ipv6Prefix? Excluded = null, Pool? Pool = null);

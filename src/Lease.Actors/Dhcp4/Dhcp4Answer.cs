using Lease.Actors.Bindings;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Dhcp4;

/// <summary>What the DHCPv4 engine has decided to say; <see cref="Dhcp4ReplyWriter"/> puts it into octets.</summary>
public sealed class Dhcp4Answer
{
    /// <summary>OFFER, ACK or NAK; <see cref="Dhcp4MessageType.Bootp"/> for a plain BOOTP reply.</summary>
    public required Dhcp4MessageType Type { get; init; }

    /// <summary>The address, maybe with a port set; null in a NAK and in the answer to INFORM.</summary>
    public LeaseKey? Lease { get; init; }

    /// <summary>Lease time in seconds; 0xffffffff is infinity.</summary>
    public uint Valid { get; init; }

    /// <summary>The subnet of the lease: its options and timers.</summary>
    public required Subnet Subnet { get; init; }

    /// <summary>The lease's pool; null when it is from none.</summary>
    public Pool? Pool { get; init; }

    /// <summary>The client's reservation; null for none.</summary>
    public Reservation? Reservation { get; init; }

    /// <summary>The client's classes; null when the configuration names none.</summary>
    public AssignedClasses? Classes { get; init; }

    /// <summary>Whether RAPID_COMMIT goes in.</summary>
    public bool RapidCommit { get; init; }

    /// <summary>The client's tunnel source address (RFC 8539), as stored; null for none.</summary>
    public Ipv6Address? TunnelSource { get; init; }

    /// <summary>Why, in a NAK.</summary>
    public string? Text { get; init; }

    /// <summary>The port set; false when the whole address is leased.</summary>
    public bool TryGetPorts(out PortParameters ports)
    {
        ports = default;
        return Lease is { } key && PortSet.TryOf(key, out ports);
    }

    /// <summary>yiaddr.</summary>
    public Ipv4Address Address => Lease is { } key && PortSet.TryAddress(key, out var address) ? address : default;
}

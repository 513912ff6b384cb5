using System.Buffers.Binary;
using System.Net;

namespace Lease.Cluster.Tests.Checking;

/// <summary>DHCPv6 message types that matter here (RFC 8415 section 7.3).</summary>
internal enum Kind : byte
{
    Solicit = 1,
    Advertise = 2,
    Request = 3,
    Confirm = 4,
    Renew = 5,
    Rebind = 6,
    Reply = 7,
    Release = 8,
    Decline = 9,
    RelayForward = 12,
    RelayReply = 13,
}

/// <summary>An address (length 128) or a delegated prefix.</summary>
internal readonly record struct Resource(IPAddress Address, int Length)
{
    /// <summary>Whether the two have an address in common.</summary>
    public bool Overlaps(Resource other)
    {
        var length = Math.Min(Length, other.Length);
        return First(Address, length) == First(other.Address, length);
    }

    public override string ToString() => $"{Address}/{Length}";

    private static UInt128 First(IPAddress address, int length) => length == 0 ? 0
        : BinaryPrimitives.ReadUInt128BigEndian(address.GetAddressBytes()) >> (128 - length);
}

/// <summary>A lease within an IA; a valid lifetime of 0 takes it away.</summary>
internal sealed record LeaseSeen(Resource Resource, uint Valid);

/// <summary>An IA_NA (3) or IA_PD (25) of a message; status 0 is Success.</summary>
internal sealed record AssociationSeen(int Type, uint Id, int Status, IReadOnlyList<LeaseSeen> Leases);

/// <summary>
/// One message between a client and the cluster as it was on the wire, without its relays. <see cref="At"/> is the capture's time in seconds since 1970, <see cref="Peer"/> the node (as
/// the other end of the datagram), <see cref="Link"/> the relay's link-address.
/// </summary>
internal sealed record Packet(double At, Kind Kind, int Transaction, string Client, IPAddress Link, IPAddress Peer, int Status, bool RapidCommit, IReadOnlyList<AssociationSeen> Associations)
{
    /// <summary>The server's DUID, when it is named.</summary>
    public string Server { get; init; } = string.Empty;

    public IEnumerable<LeaseSeen> Leases => Associations.SelectMany(static a => a.Leases);

    public bool FromServer => Kind is Kind.Advertise or Kind.Reply;

    public override string ToString()
        => $"{DateTimeOffset.FromUnixTimeMilliseconds((long)(At * 1000)):HH:mm:ss.fff} {Kind} {Transaction:x6} {(FromServer ? "from" : "to")} {Peer} client {Client}"
            + (Status == 0 ? string.Empty : $" status {Status}")
            + string.Concat(Associations.Select(static a => $" [{(a.Type == 3 ? "na" : "pd")} {a.Id}{(a.Status == 0 ? string.Empty : $" status {a.Status}")}{string.Concat(a.Leases.Select(static l => $" {l.Resource} {l.Valid} s"))}]"));
}

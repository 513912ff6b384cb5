using Lease.Peers.Dhcp6;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Client;

/// <summary>When a client acts on its leases (RFC 8415 sections 14.2 and 18.2.4).</summary>
/// <param name="T1">RENEW.</param>
/// <param name="T2">REBIND.</param>
/// <param name="End">The last lease ends.</param>
internal readonly record struct BindingTimes(DateTimeOffset T1, DateTimeOffset T2, DateTimeOffset End)
{
    // REN_TIMEOUT (section 7.6). Leases that are shorter than two of them are renewed in their middle,
    // and no client sends more than a message a second for long (section 14.1).
    private const uint LeastTime = 10;

    /// <summary>
    /// The earliest times of all associations. A server may leave them to the client (0), or say a T1 that is later than T2 (section 21.4):
    /// then they are half and four fifths of the shortest lifetime.
    /// </summary>
    public static BindingTimes Of(ServerReply reply, DateTimeOffset now)
    {
        var (t1, t2, shortest, valid) = (DhcpTime.Infinity, DhcpTime.Infinity, DhcpTime.Infinity, 0u);
        foreach (var association in reply.Associations)
        {
            var leases = association.Leases.Where(static l => l.Valid > 0).ToList();
            if (leases.Count == 0)
                continue;
            shortest = Math.Min(shortest, leases.Min(static l => l.Preferred > 0 ? l.Preferred : l.Valid));
            valid = Math.Max(valid, leases.Max(static l => l.Valid));
            if (association.T1 > association.T2 && association.T2 > 0)
                continue;
            t1 = association.T1 > 0 ? Math.Min(t1, association.T1) : t1;
            t2 = association.T2 > 0 ? Math.Min(t2, association.T2) : t2;
        }

        if (t1 == DhcpTime.Infinity && shortest != DhcpTime.Infinity)
            t1 = shortest / 2;
        if (t2 == DhcpTime.Infinity && shortest != DhcpTime.Infinity)
            t2 = (uint)(shortest * 0.8);
        t1 = Math.Max(t1, Math.Clamp(valid / 2, 1, LeastTime));
        return new(At(now, Math.Min(t1, valid)), At(now, Math.Min(Math.Max(t1, t2), valid)), At(now, valid));
    }

    private static DateTimeOffset At(DateTimeOffset now, uint seconds) => seconds == DhcpTime.Infinity ? DateTimeOffset.MaxValue : now.AddSeconds(seconds);
}

using Lease.Peers.Dhcp6;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Client;

/// <summary>When a client acts on its leases (RFC 8415 sections 14.2 and 18.2.4).</summary>
/// <param name="T1">RENEW.</param>
/// <param name="T2">REBIND.</param>
/// <param name="End">The last lease ends.</param>
internal readonly record struct BindingTimes(DateTimeOffset T1, DateTimeOffset T2, DateTimeOffset End)
{
    /// <summary>The earliest times of all associations; a server that says 0 leaves them to the client: half and four fifths of the shortest preferred lifetime.</summary>
    public static BindingTimes Of(ServerReply reply, DateTimeOffset now)
    {
        var (t1, t2, preferred, valid) = (uint.MaxValue, uint.MaxValue, uint.MaxValue, 0u);
        foreach (var association in reply.Associations)
        {
            var leases = association.Leases.Where(static l => l.Valid > 0).ToList();
            if (leases.Count == 0)
                continue;
            preferred = Math.Min(preferred, leases.Min(static l => l.Preferred));
            valid = Math.Max(valid, leases.Max(static l => l.Valid));
            t1 = association.T1 > 0 ? Math.Min(t1, association.T1) : t1;
            t2 = association.T2 > 0 ? Math.Min(t2, association.T2) : t2;
        }

        if (t1 == uint.MaxValue && preferred != DhcpTime.Infinity)
            t1 = preferred / 2;
        if (t2 == uint.MaxValue && preferred != DhcpTime.Infinity)
            t2 = (uint)(preferred * 0.8);
        return new(At(now, t1), At(now, Math.Max(t1, t2)), At(now, valid));
    }

    private static DateTimeOffset At(DateTimeOffset now, uint seconds) => seconds == DhcpTime.Infinity ? DateTimeOffset.MaxValue : now.AddSeconds(seconds);
}

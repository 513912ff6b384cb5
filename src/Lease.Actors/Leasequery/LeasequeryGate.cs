using System.Net;
using Lease.Actors.Configuration;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Leasequery;

/// <summary>Decides who may ask. Whoever may not is counted, and named in the log.</summary>
/// <param name="time">The clock.</param>
/// <param name="counters">Where it is counted.</param>
/// <param name="logger">Where it is said.</param>
public sealed class LeasequeryGate(TimeProvider time, LeasequeryCounters counters, ILogger logger)
{
    private readonly RateLimiter limiter = new(time);

    /// <summary>Finds the requestor at <paramref name="address"/>, and whether it may ask by this way.</summary>
    public Requestor? Admit(LeasequeryConfiguration configuration, IPAddress address, LeasequeryAccess way)
        => Admit(configuration, address, way, LeasequeryCount.NotNamed);

    /// <summary>
    /// Finds who asks over UDP, and takes the query from its rate. A peer-address is the word of the hop outside of it (RFC 8415 section
    /// 19.1), so the hops are judged from the datagram's source on: one that is not named may be a client, which can have written all that
    /// stands inside of it.
    /// </summary>
    /// <returns>The requestor; null (and counted) when the source or one of the peer-addresses is not named.</returns>
    public Requestor? AdmitUdp(LeasequeryConfiguration configuration, Ipv6Address source, ReadOnlySpan<byte> packet, in RelayChain chain)
    {
        var address = source.ToIPAddress();
        var requestor = Admit(configuration, address, LeasequeryAccess.Udp);
        for (var hop = 0; requestor is not null && hop < chain.Hops; hop++)
        {
            var count = hop == chain.Hops - 1 ? LeasequeryCount.NotNamed : LeasequeryCount.RelayNotNamed;
            requestor = AdmitPeer(configuration, chain.Hop(packet, hop).PeerAddress, count);
        }

        return requestor is not null && TryTake(requestor, address) ? requestor : null;
    }

    /// <summary>Whether the requestor's rate allows one more query.</summary>
    public bool TryTake(Requestor requestor, IPAddress address)
    {
        if (limiter.TryTake(requestor))
            return true;
        Refuse(address, LeasequeryCount.RateLimited, $"more than {requestor.QueriesPerSecond} queries a second");
        return false;
    }

    /// <summary>Counts what is not answered, and says so.</summary>
    public void Refuse(IPAddress address, LeasequeryCount count, string reason)
    {
        counters.Add(count);
        logger.NotAnswered(address, count, reason);
    }

    private Requestor? AdmitPeer(LeasequeryConfiguration configuration, Ipv6Address peer, LeasequeryCount count)
    {
        if (!peer.IsLinkLocal)
            return Admit(configuration, peer.ToIPAddress(), LeasequeryAccess.Udp, count);

        // Each host of each link behind the relays can take any link-local address (RFC 4862 section 5.3).
        Refuse(peer.ToIPAddress(), count, "a link-local address names nobody behind a relay");
        return null;
    }

    private Requestor? Admit(LeasequeryConfiguration configuration, IPAddress address, LeasequeryAccess way, LeasequeryCount notNamed)
    {
        var requestor = configuration.FindRequestor(address);
        if (requestor is null)
            Refuse(address, notNamed, "no requestor is named for this address (Lease.leasequery.requestors)");
        else if ((requestor.Access & way) == LeasequeryAccess.None)
            Refuse(address, LeasequeryCount.NotAllowed, $"{requestor.From} may not ask by {way}");
        else
            return requestor;
        return null;
    }
}

using System.Net;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Dhcp4;

/// <summary>A socket for simulated clients of DHCPv4 over DHCPv6, told apart by the transaction-ids of their DHCPv4 messages.</summary>
/// <param name="server">A server's or relay's address; for multicast its scope is the interface.</param>
/// <param name="time">The clock of retransmission.</param>
/// <param name="random">Where transaction-ids begin.</param>
/// <param name="localPort">Port to send from; 0: any.</param>
public sealed class Dhcp4Peer(IPEndPoint server, TimeProvider time, Random random, int localPort = 0) : UdpExchanger<Dhcp4Reply>(server, time, random, localPort)
{
    private const int MaxPacket = 4096;

    /// <summary>Sends a request and awaits its answer.</summary>
    /// <param name="request">The request; its transaction-id is replaced.</param>
    /// <param name="attempts">How often it is sent.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Null when no answer came.</returns>
    public Task<Dhcp4Reply?> ExchangeAsync(Dhcp4Request request, int attempts = 4, CancellationToken cancellation = default)
    {
        var sent = request with { TransactionId = NextTransaction() };
        var buffer = new byte[MaxPacket];
        return ExchangeAsync(sent.TransactionId, buffer.AsMemory(0, sent.Write(buffer)), attempts, cancellation);
    }

    /// <summary>Sends a request that is not answered (RELEASE, DECLINE).</summary>
    public Task TellAsync(Dhcp4Request request, CancellationToken cancellation = default)
    {
        var buffer = new byte[MaxPacket];
        var length = (request with { TransactionId = NextTransaction() }).Write(buffer);
        return SendAsync(buffer.AsMemory(0, length), cancellation);
    }

    /// <summary>Asks for a lease by DHCPLEASEQUERY (RFC 4388).</summary>
    /// <returns>The lease, or that nothing is leased; null when no answer came.</returns>
    public async Task<Ipv4Lease?> QueryAsync(Ipv4Query query, CancellationToken cancellation = default)
        => await ExchangeAsync(query.ToRequest(MessageType.Dhcpv4Query), cancellation: cancellation) is { } reply ? Ipv4Lease.Read(reply.Octets) : null;

    /// <inheritdoc/>
    protected override bool TryRead(ReadOnlySpan<byte> datagram, out uint key, out Dhcp4Reply reply)
    {
        (key, reply) = (0, null!);
        if (!RelayChain.TryUnwrap(datagram, out var chain, out _, MessageType.RelayReply)
            || !Dhcp6Message.TryRead(chain.Message(datagram), chain.MessageStart, out var response, out _)
            || response.Type != MessageType.Dhcpv4Response || !response.Options.TryGet(OptionCode.Dhcpv4Message, out var octets)
            || !Dhcp4Message.TryRead(octets, 0, out var message, out _))
            return false;
        (key, reply) = (message.TransactionId, new Dhcp4Reply(octets.ToArray()));
        return true;
    }
}

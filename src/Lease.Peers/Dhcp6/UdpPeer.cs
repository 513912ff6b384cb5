using System.Net;

namespace Lease.Peers.Dhcp6;

/// <summary>A socket for simulated DHCPv6 clients.</summary>
/// <param name="server">A server's or relay's address; for multicast its scope is the interface.</param>
/// <param name="time">The clock of retransmission.</param>
/// <param name="random">Where transaction-ids begin.</param>
/// <param name="localPort">Port to send from; 0: any.</param>
public sealed class UdpPeer(IPEndPoint server, TimeProvider time, Random random, int localPort = 0) : UdpExchanger<ServerReply>(server, time, random, localPort)
{
    private const int UsualSize = 4096;

    /// <summary>Sends a request and awaits its answer.</summary>
    /// <param name="request">The request; its transaction-id is replaced.</param>
    /// <param name="attempts">How often it is sent.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Null when no answer came.</returns>
    public Task<ServerReply?> ExchangeAsync(ClientRequest request, int attempts = 4, CancellationToken cancellation = default)
    {
        var sent = request with { TransactionId = NextTransaction() };
        var buffer = new byte[UsualSize];
        var length = sent.Write(buffer);
        if (length == 0)
            length = sent.Write(buffer = new byte[ushort.MaxValue]);
        return ExchangeAsync(sent.TransactionId, buffer.AsMemory(0, length), attempts, cancellation);
    }

    /// <inheritdoc/>
    protected override bool TryRead(ReadOnlySpan<byte> datagram, out uint key, out ServerReply reply)
    {
        reply = ServerReply.TryParse(datagram)!;
        key = reply?.TransactionId ?? 0;
        return reply is not null;
    }
}

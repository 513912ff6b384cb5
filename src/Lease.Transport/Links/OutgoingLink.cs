using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Links;

/// <summary>A link that this node opens: packets leave by it, their replies come back.</summary>
/// <param name="address">Where the other node listens, as it said: <c>[ADDRESS]:PORT</c>.</param>
/// <param name="failedBefore">Why the attempt before failed: that is not said twice; null: there was none.</param>
/// <param name="context">What all links share.</param>
internal sealed class OutgoingLink(string address, string? failedBefore, LinkContext context) : NodeLink(context)
{
    public override string Peer => address;

    protected override string Direction => "to";

    /// <summary>Sends a packet, also while the link is being opened.</summary>
    /// <returns>False when there is no room, or the link has ended.</returns>
    public bool TrySend(in ForwardedPacket packet) => TryAdd(packet);

    protected override async Task<SslStream> OpenAsync()
    {
        if (!IPEndPoint.TryParse(address, out var endpoint) || endpoint.Port == 0)
            throw new IOException("the address is not [ADDRESS]:PORT");
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        Adopt(socket);
        try
        {
            await socket.ConnectAsync(endpoint);
        }
        catch (SocketException e)
        {
            throw new IOException($"cannot connect: {e.SocketErrorCode}", e);
        }

        return await SecureAsync(socket, (secure, refused) => secure.AuthenticateAsClientAsync(Context.Certificates.ForClient(endpoint.Address.ToString(), refused)));
    }

    protected override void OnFrame(byte kind, ReadOnlySpan<byte> body)
    {
        if (kind != NodeFrame.Reply || !ForwardedReply.TryRead(body, out var reply))
            throw new InvalidDataException($"a frame of kind {kind} and {body.Length} octets is no reply");
        Context.Counters.CountReplyReceived();
        Context.Handler.OnReply(reply);
    }

    protected override void OnNotOpened(string why, LogLevel level)
    {
        Context.Counters.CountFailed();
        Context.Logger.NoLink(why == failedBefore ? LogLevel.Debug : level, Direction, Peer, why);
    }
}

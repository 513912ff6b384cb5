using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Lease.Kernel.Sharding;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Links;

/// <summary>A link that this node opens: packets leave by it, their replies come back.</summary>
/// <param name="to">The other node.</param>
/// <param name="failedBefore">Why the attempt before failed: that is not said twice; null: there was none.</param>
/// <param name="context">What all links share.</param>
internal sealed class OutgoingLink(NodeAddress to, string? failedBefore, LinkContext context) : NodeLink(context)
{
    public override string Peer { get; } = to.ToString();

    protected override string Direction => "to";

    /// <summary>Sends a packet, also while the link is being opened.</summary>
    /// <returns>False when there is no room, or the link has ended.</returns>
    public bool TrySend(in ForwardedPacket packet) => Pending.TryAdd(packet);

    protected override async Task<SslStream> OpenAsync()
    {
        if (!IPEndPoint.TryParse(to.Address, out var endpoint) || endpoint.Port == 0)
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

    protected override async Task GreetAsync(SslStream secure)
    {
        await Greeting.SayAsync(secure, Context.Self, to.NodeId);
        var hello = await Greeting.HearAsync(secure);
        Greeting.Check(hello, Context.Self, wanted: to.NodeId, found: hello.NodeId);
    }

    protected override bool OnFrame(Frame frame)
    {
        if (frame.Reply is not { } message)
            throw new MalformedFrameException(FrameDefect.Direction, "a packet where replies are due");
        var reply = ForwardedReply.Read(message);
        Context.Counters.CountReplyReceived();
        Context.Handler.OnReply(reply);
        return true;
    }

    protected override void OnNotOpened(string why, LogLevel level)
    {
        Context.Counters.CountFailed();
        Context.Logger.NoLink(why == failedBefore ? LogLevel.Debug : level, Direction, Peer, why);
    }
}

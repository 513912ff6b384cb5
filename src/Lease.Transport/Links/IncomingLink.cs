using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Lease.Kernel.IO;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Links;

/// <summary>A link that another node opens: packets come in by it, their replies go back.</summary>
/// <param name="socket">The connection.</param>
/// <param name="remote">Where it comes from.</param>
/// <param name="context">What all links share.</param>
internal sealed class IncomingLink(Socket socket, IPEndPoint remote, LinkContext context) : NodeLink(context), INodeLink
{
    private string peer = remote.ToString();

    public override string Peer => peer;

    protected override string Direction => "from";

    public bool TrySendReply(ushort channel, in UdpEndpoint destination, ReadOnlySpan<byte> data)
    {
        var sent = Pending.TryAdd(new ForwardedReply(channel, destination, data));
        Context.Counters.CountReply(sent);
        return sent;
    }

    protected override async Task<SslStream> OpenAsync()
    {
        Adopt(socket);
        var secure = await SecureAsync(socket, (secure, refused) => secure.AuthenticateAsServerAsync(Context.Certificates.ForServer(refused)));
        if (secure.RemoteCertificate is X509Certificate2 shown)
            peer = $"{shown.GetNameInfo(X509NameType.SimpleName, forIssuer: false)} {remote}";
        return secure;
    }

    protected override async Task GreetAsync(SslStream secure)
    {
        var hello = await Greeting.HearAsync(secure);
        peer = $"{hello.NodeId} {remote}";

        // Also to one that is refused then: it learns with whom it talks.
        await Greeting.SayAsync(secure, Context.Self, hello.NodeId);
        Greeting.Check(hello, Context.Self, wanted: hello.PeerId, found: Context.Self.NodeId);
    }

    protected override bool OnFrame(Frame frame)
    {
        if (frame.Packet is not { } message)
            throw new MalformedFrameException(FrameDefect.Direction, "a reply from a node that was not asked");
        if (!ForwardedPacket.TryRead(message, out var packet))
            return false;
        Context.Counters.CountPacketReceived();
        Context.Handler.OnPacket(packet, this);
        return true;
    }

    protected override void OnNotOpened(string why, LogLevel level)
    {
        Context.Counters.CountRefused();
        Context.Logger.NoLink(level, Direction, Peer, why);
    }
}

using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Lease.Kernel.IO;

namespace Lease.Transport.Tcp;

/// <summary>What the session holds of its <see cref="FrameConnection"/>: each call is a message to it.</summary>
/// <param name="actor">The connection.</param>
/// <param name="remote">The other side.</param>
/// <param name="socket">Akka.IO's socket, looked at and never used.</param>
internal sealed class FrameConnectionRef(IActorRef actor, IPEndPoint remote, Socket socket) : IFrameConnection
{
    // linux/in.h, linux/tcp.h: tcpi_state is the first octet of TCP_INFO.
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const byte StateClose = 7;
    private const byte StateCloseWait = 8;

    private volatile bool isSecure;

    public IPEndPoint Remote => remote;

    public bool IsSecure
    {
        get => isSecure;
        set => isSecure = value;
    }

    // Akka.IO notices the end of a peer only when it reads.
    public PeerState Peer
    {
        get
        {
            Span<byte> state = stackalloc byte[1];
            try
            {
                socket.GetRawSocketOption(TcpLevel, TcpInfo, state);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return PeerState.Gone;
            }

            return state[0] switch
            {
                StateClose => PeerState.Gone,
                StateCloseWait => PeerState.Finished,
                _ => PeerState.Open,
            };
        }
    }

    public void ReadMore() => actor.Tell(FrameConnection.ReadFrame.Instance, ActorRefs.NoSender);

    public void Write(ReadOnlyMemory<byte> frames) => actor.Tell(new FrameConnection.WriteFrames(frames), ActorRefs.NoSender);

    public void StartTls() => actor.Tell(FrameConnection.BeginTls.Instance, ActorRefs.NoSender);

    public void Close(string reason) => actor.Tell(new FrameConnection.Close(reason), ActorRefs.NoSender);

    public void Abort(string reason) => actor.Tell(new FrameConnection.Abort(reason), ActorRefs.NoSender);
}

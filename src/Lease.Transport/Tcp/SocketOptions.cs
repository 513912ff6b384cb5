using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Akka.IO;

namespace Lease.Transport.Tcp;

/// <summary>Options of a socket that listens.</summary>
/// <param name="takesIpv4">Whether IPv4 is served too.</param>
internal sealed class ListeningSocket(bool takesIpv4) : Inet.SocketOption
{
    /// <inheritdoc/>
    public override void BeforeServerSocketBind(Socket ss)
    {
        ss.DualMode = takesIpv4;
        ss.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
    }
}

/// <summary>
/// Options of the sockets of connections. It keeps each socket until its connection's actor is made: while nothing is read, only the socket
/// says what the peer has done (<see cref="FrameConnectionRef.Peer"/>), and Akka.IO shows it to its options alone. Called by Akka.IO in the
/// actor of each connection.
/// </summary>
internal sealed class AcceptedSockets : Inet.SocketOption
{
    private readonly ConcurrentDictionary<(EndPoint Remote, EndPoint Local), Socket> waiting = new();

    /// <inheritdoc/>
    public override void AfterConnect(Socket s)
    {
        try
        {
            s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
        }
        catch (SocketException)
        {
            // Gone already; the first read says so.
        }

        waiting[(s.RemoteEndPoint!, s.LocalEndPoint!)] = s;
    }

    /// <summary>Takes the socket of a connection out.</summary>
    public Socket? Take(Akka.IO.Tcp.Connected connected)
        => waiting.TryRemove((connected.RemoteAddress, connected.LocalAddress), out var socket) ? socket : null;
}

using System.Net;
using System.Net.Sockets;

namespace Lease.Peers.Tests.Leasequery;

/// <summary>A server over UDP that does what the test says.</summary>
internal sealed class ScriptedUdpServer : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[] buffer = new byte[65_535];
    private EndPoint requestor = new IPEndPoint(IPAddress.IPv6Any, 0);

    public ScriptedUdpServer() => socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));

    public IPEndPoint Address => (IPEndPoint)socket.LocalEndPoint!;

    public async Task<ReceivedQuery> ReceiveAsync()
    {
        var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, requestor).WaitAsync(Waiting.Deadline);
        requestor = received.RemoteEndPoint;
        return new ReceivedQuery(buffer.AsSpan(0, received.ReceivedBytes).ToArray());
    }

    public void Send(byte[] datagram) => socket.SendTo(datagram, requestor);

    public void Dispose() => socket.Dispose();
}

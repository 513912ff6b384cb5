using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Lease.Cluster.Tests.Checking;
using Lease.Cluster.Tests.Hosts;

namespace Lease.Cluster.Tests.Traffic;

/// <summary>The relay in front of the clients: sends what they say to the nodes that they choose, and gives replies to whom they are for.</summary>
internal sealed class RelaySocket : IDisposable
{
    private readonly Socket socket;
    private readonly ConcurrentDictionary<(string Client, IPAddress Link), Action<Packet>> receivers = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Task receiving;

    public RelaySocket(TestNetwork network)
    {
        socket = network.Within("c", () =>
        {
            var made = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
            made.Bind(new IPEndPoint(network.AddressOf("c"), 547));
            return made;
        });
        receiving = Task.Run(ReceiveAsync);
    }

    public void Register(string client, IPAddress link, Action<Packet> receiver) => receivers[(client, link)] = receiver;

    public void Unregister(string client, IPAddress link) => receivers.TryRemove((client, link), out _);

    public void Send(byte[] datagram, IPAddress node)
    {
        try
        {
            socket.SendTo(datagram, new IPEndPoint(node, 547));
        }
        catch (SocketException)
        {
            // The node is away (ICMP says so of an earlier one, or its address is not found): as if it had been lost.
        }
    }

    public void Dispose()
    {
        stop.Cancel();
        receiving.Wait();
        socket.Dispose();
        stop.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[65536];
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.IPv6Any, 0), stop.Token);
                var node = ((IPEndPoint)received.RemoteEndPoint).Address;
                if (PacketReader.ReadMessage(0, buffer.AsSpan(0, received.ReceivedBytes), node) is { } packet && receivers.TryGetValue((packet.Client, packet.Link), out var receiver))
                    receiver(packet);
            }
            catch (SocketException)
            {
                // ICMP about what was sent.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Lease.Protocol;

namespace Lease.Peers.Client;

/// <summary>How a client sends and receives.</summary>
public interface IClientTransport
{
    /// <summary>Datagrams that came to the client's port.</summary>
    ChannelReader<byte[]> Received { get; }

    /// <summary>Sends to All_DHCP_Relay_Agents_and_Servers, or to a server's address. What the system does not take is sent again by who retransmits.</summary>
    /// <param name="datagram">The octets.</param>
    /// <param name="server">The address; null: multicast.</param>
    Task SendAsync(ReadOnlyMemory<byte> datagram, Ipv6Address? server);
}

/// <summary>A client's socket on one interface: port 546 (RFC 8415 section 7.2).</summary>
public sealed class ClientSocket : IClientTransport, IAsyncDisposable
{
    private const int SolSocket = 1;
    private const int SoBindToDevice = 25;
    private const int Waiting = 64;

    private static readonly IPAddress RelayAgentsAndServers = IPAddress.Parse("ff02::1:2");

    private readonly Channel<byte[]> received = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource stopping = new();
    private readonly Socket socket;
    private readonly int scope;
    private readonly int serverPort;
    private readonly Task receiving;

    /// <summary>Opens the socket.</summary>
    /// <param name="interfaceName">The interface.</param>
    /// <param name="scope">Its index.</param>
    /// <param name="clientPort">546 unless changed for a test.</param>
    /// <param name="serverPort">547 unless changed for a test.</param>
    /// <exception cref="IOException">The port is taken or not permitted.</exception>
    public ClientSocket(string interfaceName, int scope, int clientPort = 546, int serverPort = 547)
    {
        this.scope = scope;
        this.serverPort = serverPort;
        socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            // Several clients on one host, each on its interface.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
            socket.SetRawSocketOption(SolSocket, SoBindToDevice, Encoding.ASCII.GetBytes(interfaceName + "\0"));
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, scope);
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, clientPort));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"cannot use UDP port {clientPort} on {interfaceName}: {e.SocketErrorCode} (root or CAP_NET_RAW and CAP_NET_BIND_SERVICE are needed)", e);
        }

        receiving = Task.Run(ReceiveAsync);
    }

    /// <inheritdoc/>
    public ChannelReader<byte[]> Received => received.Reader;

    /// <inheritdoc/>
    public async Task SendAsync(ReadOnlyMemory<byte> datagram, Ipv6Address? server)
    {
        var address = server is { } unicast
            ? new IPAddress(unicast.ToIPAddress().GetAddressBytes(), unicast.IsLinkLocal ? scope : 0)
            : new IPAddress(RelayAgentsAndServers.GetAddressBytes(), scope);
        try
        {
            await socket.SendToAsync(datagram, SocketFlags.None, new IPEndPoint(address, serverPort));
        }
        catch (SocketException)
        {
            // No route or no address yet: it is sent again.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        socket.Dispose();
        await receiving;
        stopping.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[65_535];
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var length = await socket.ReceiveAsync(buffer, SocketFlags.None, stopping.Token);
                received.Writer.TryWrite(buffer[..length]);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // An ICMP error of an earlier send.
            }
        }
    }
}

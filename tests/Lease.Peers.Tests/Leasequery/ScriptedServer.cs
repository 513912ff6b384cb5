using System.Net;
using System.Net.Sockets;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Tests.Leasequery;

/// <summary>A server over TCP that does what the test says, octet by octet.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly Socket listener = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);

    public ScriptedServer()
    {
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        listener.Listen();
    }

    public IPEndPoint Address => (IPEndPoint)listener.LocalEndPoint!;

    public async Task<ScriptedConnection> AcceptAsync() => new(await listener.AcceptAsync().WaitAsync(Waiting.Deadline));

    public void Dispose() => listener.Dispose();
}

/// <summary>A connection of a <see cref="ScriptedServer"/>.</summary>
internal sealed class ScriptedConnection(Socket socket) : IDisposable
{
    private readonly NetworkStream stream = new(socket, ownsSocket: true);

    public async Task<ReceivedQuery> ReadAsync()
    {
        using var deadline = new CancellationTokenSource(Waiting.Deadline);
        var header = new byte[TcpFraming.HeaderSize];
        await stream.ReadExactlyAsync(header, deadline.Token);
        var message = new byte[(header[0] << 8) | header[1]];
        await stream.ReadExactlyAsync(message, deadline.Token);
        return new ReceivedQuery(message);
    }

    /// <summary>Waits for the requestor's end of the connection.</summary>
    public async Task EndAsync()
    {
        try
        {
            await stream.CopyToAsync(Stream.Null).WaitAsync(Waiting.Deadline);
        }
        catch (IOException)
        {
            // A reset is an end too.
        }
    }

    public async Task SendAsync(params byte[][] messages)
    {
        using var deadline = new CancellationTokenSource(Waiting.Deadline);
        await SendOctetsAsync(messages.SelectMany(static m => Frame(m)).ToArray(), deadline.Token);
    }

    public async Task SendOctetsAsync(ReadOnlyMemory<byte> octets, CancellationToken cancellation) => await stream.WriteAsync(octets, cancellation);

    public static byte[] Frame(byte[] message) => [(byte)(message.Length >> 8), (byte)message.Length, .. message];

    /// <summary>Resets the connection.</summary>
    public void Cut() => socket.Close(timeout: 0);

    public void Dispose() => stream.Dispose();
}

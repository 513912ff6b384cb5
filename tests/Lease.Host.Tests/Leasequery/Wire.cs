using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Lease.Host.Tests.Dhcp6;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Tests.Leasequery;

/// <summary>A requestor's TCP socket, octet by octet.</summary>
internal static class Wire
{
    public static byte[] Query(uint xid, MessageType type = MessageType.LeaseQuery)
        => Frame(LeasequeryRequest.ByLink(default).Encode(type, xid, QueriedServer.Requestor));

    public static byte[] Frame(byte[] message)
    {
        var frame = new byte[2 + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)message.Length);
        message.CopyTo(frame, 2);
        return frame;
    }

    public static Socket Connect(TestServer server, int receiveBuffer = 0)
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        if (receiveBuffer > 0)
            socket.ReceiveBufferSize = receiveBuffer;
        socket.Connect(new IPEndPoint(IPAddress.IPv6Loopback, server.Server.LeasequeryPort));
        return socket;
    }

    public static async Task<byte[]> ReadFrameAsync(Socket socket)
    {
        var size = await ReadAsync(socket, 2);
        return await ReadAsync(socket, BinaryPrimitives.ReadUInt16BigEndian(size));
    }

    /// <summary>Reads until the server has closed its side.</summary>
    public static async Task EndsAsync(Socket socket)
    {
        var buffer = new byte[100];
        try
        {
            while (await socket.ReceiveAsync(buffer, QueriedServer.Deadline()) > 0)
            {
                // What was sent before the end.
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // An end too.
        }
    }

    private static async Task<byte[]> ReadAsync(Socket socket, int octets)
    {
        var buffer = new byte[octets];
        for (var read = 0; read < octets;)
        {
            var more = await socket.ReceiveAsync(buffer.AsMemory(read), QueriedServer.Deadline());
            more.ShouldBeGreaterThan(0, "the server closed the connection");
            read += more;
        }

        return buffer;
    }
}

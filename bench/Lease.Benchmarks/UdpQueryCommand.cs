using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Benchmarks;

/// <summary>LEASEQUERYs a second over UDP against a running server whose store <see cref="FillCommand"/> made.</summary>
internal static class UdpQueryCommand
{
    private const int InFlight = 64;

    /// <summary>Asks for <paramref name="seconds"/> with 64 queries in flight.</summary>
    public static void Run(IPEndPoint server, string kind, int bindings, int seconds)
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 200, ReceiveBufferSize = 4 << 20 };
        socket.Connect(server);
        var random = new Random(1);
        var queries = Enumerable.Range(0, 4096).Select(i => QueryOf(kind, random.Next(bindings), (uint)i)).ToArray();
        var buffer = new byte[2000];
        var (sent, answered, found, lost) = (0L, 0L, 0L, 0L);
        for (; sent < InFlight; sent++)
            socket.Send(queries[sent % queries.Length]);
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            try
            {
                var length = socket.Receive(buffer);
                answered++;
                if (length > 60)
                    found++;
            }
            catch (SocketException)
            {
                lost++;
            }

            socket.Send(queries[sent++ % queries.Length]);
        }

        var elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine($"{kind}: {answered / elapsed:0} answers/s, {100.0 * found / Math.Max(1, answered):0.0} % with a binding, {lost} waits of 200 ms");
    }

    private static byte[] QueryOf(string kind, int number, uint transactionId)
    {
        var request = kind == "by-address"
            ? LeasequeryRequest.ByAddress(new Ipv6Address(FillCommand.AddressOf(number)))
            : LeasequeryRequest.ByClientId(FillCommand.DuidOf(number));
        return request.Encode(MessageType.LeaseQuery, transactionId, FillCommand.DuidOf(1));
    }
}

using System.Net;
using System.Net.Sockets;
using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Interop.Tests;

/// <summary>Mutated real packets and random octets.</summary>
internal static class Garbage
{
    /// <summary>Sends at full rate; returns how many.</summary>
    public static long Send(IPEndPoint server, TimeSpan duration, Random random)
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(server);
        var packets = Packets().ToList();
        var buffer = new byte[1500];
        var count = 0L;
        for (var end = DateTime.UtcNow + duration; DateTime.UtcNow < end; count++)
        {
            var length = Mutate(packets[random.Next(packets.Count)], buffer, random);
            try
            {
                socket.Send(buffer.AsSpan(0, length));
            }
            catch (SocketException)
            {
                // A full queue: the next one goes out.
            }
        }

        return count;
    }

    private static int Mutate(byte[] packet, byte[] buffer, Random random)
    {
        if (random.Next(8) == 0)
        {
            var length = random.Next(buffer.Length);
            random.NextBytes(buffer.AsSpan(0, length));
            buffer[0] = (byte)random.Next(1, 16);
            return length;
        }

        packet.CopyTo(buffer, 0);
        for (var changes = random.Next(0, 6); changes > 0; changes--)
            buffer[random.Next(packet.Length)] = (byte)random.Next(256);
        return random.Next(4) == 0 ? random.Next(packet.Length) : packet.Length;
    }

    private static IEnumerable<byte[]> Packets()
    {
        var relay = new RelayHop(new Ipv6Address(new UInt128(0x20010db800020000, 1)), default, [(OptionCode.InterfaceId, [1, 2]), (OptionCode.RemoteId, [0, 0, 0, 1, 5])]);
        foreach (var type in new[] { MessageType.Solicit, MessageType.Request, MessageType.Confirm, MessageType.Renew, MessageType.Rebind, MessageType.Release, MessageType.Decline, MessageType.InformationRequest })
        {
            var request = new ClientRequest
            {
                Type = type,
                TransactionId = 7,
                ClientId = new byte[] { 0, 3, 0, 1, 2, 0, 0, 0, 0, 9 },
                RapidCommit = true,
                Associations = [(OptionCode.IaNa, 1), (OptionCode.IaPd, 2)],
                Leases = [new ClientLease(OptionCode.IaNa, 1, new Ipv6Prefix(new Ipv6Address(new UInt128(0x20010db800010000, 0x1234)), 128))],
                Requested = [OptionCode.DnsServers, OptionCode.ClientFqdn, OptionCode.VendorOptions],
                Options = [(OptionCode.ClientFqdn, [1, 3, (byte)'a', (byte)'b', (byte)'c', 0]), (OptionCode.UserClass, [0, 1, 65])],
            };
            foreach (var relays in new[] { Array.Empty<RelayHop>(), [relay], [relay, relay, relay] })
            {
                var buffer = new byte[1500];
                yield return buffer[..(request with { Relays = relays }).Write(buffer)];
            }
        }
    }
}

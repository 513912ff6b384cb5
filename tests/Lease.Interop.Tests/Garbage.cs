using System.Net;
using System.Net.Sockets;
using Lease.Peers.Dhcp4;
using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
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
            buffer[0] = (byte)random.Next(1, 24);
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
        RelayHop[][] chains = [[], [relay], [relay, relay, relay]];
        return Dhcp6Packets(chains).Concat(Dhcp4Packets(chains));
    }

    private static IEnumerable<byte[]> Dhcp4Packets(RelayHop[][] chains)
    {
        foreach (var type in new[] { Dhcp4MessageType.Bootp, Dhcp4MessageType.Discover, Dhcp4MessageType.Request, Dhcp4MessageType.Decline, Dhcp4MessageType.Release, Dhcp4MessageType.Inform, Dhcp4MessageType.LeaseQuery })
        {
            foreach (var relays in chains)
            {
                var request = new Dhcp4Request
                {
                    Type = type,
                    TransactionId = 7,
                    HardwareAddress = [2, 0, 0, 0, 0, 9],
                    ClientId = [255, 0, 0, 0, 1, 0, 3, 0, 1, 2, 0, 0, 0, 0, 9],
                    Requested = new Ipv4Address(0x0a000001),
                    Ports = new PortParameters(4, 6, 5),
                    TunnelSource = new Ipv6Address(new UInt128(0x20010db800010000, 0x77)),
                    Parameters = [Dhcp4OptionCode.SubnetMask, Dhcp4OptionCode.Routers, Dhcp4OptionCode.PortParameters],
                    Options = [(Dhcp4OptionCode.RelayAgentInformation, [1, 2, 7, 8, 2, 1, 9]), (Dhcp4OptionCode.RapidCommit, [])],
                    Relays = relays,
                };
                var buffer = new byte[1500];
                yield return buffer[..request.Write(buffer)];
            }
        }
    }

    private static IEnumerable<byte[]> Dhcp6Packets(RelayHop[][] chains)
    {
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
            foreach (var relays in chains)
            {
                var buffer = new byte[1500];
                yield return buffer[..(request with { Relays = relays }).Write(buffer)];
            }
        }
    }
}

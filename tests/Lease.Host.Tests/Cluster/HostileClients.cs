using System.Net;
using System.Net.Sockets;
using Lease.Host.Tests.Leasequery;
using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Tests.Cluster;

/// <summary>
/// Messages that can be read, to the last octet, and that no honest client would send: associations twice, leases of others, in the wrong association and off the link, identifiers of any length.
/// What they do is committed, so they reach further than garbage.
/// </summary>
internal sealed class HostileClients(Random random, byte[] serverId)
{
    private const int Clients = 40;
    private const int PatienceMicroseconds = 5000;

    private static readonly int[] Lengths = [1, 2, 7, 16, 130, 255, 256, 1000, 2705, 9000];
    private static readonly OptionCode[] Kinds = [OptionCode.IaNa, OptionCode.IaNa, OptionCode.IaPd, OptionCode.IaTa];
    private static readonly MessageType[] Types =
    [
        MessageType.Solicit, MessageType.Request, MessageType.Request, MessageType.Renew, MessageType.Rebind, MessageType.Release, MessageType.Decline, MessageType.Confirm,
    ];

    private readonly List<ClientLease> seen = [];

    /// <summary>Sends messages and takes what comes back, so that later ones name leases that there are.</summary>
    public void Send(IPEndPoint server, int messages)
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(server);
        var buffer = new byte[65_000];
        for (var i = 0; i < messages; i++)
        {
            var length = Next().Write(buffer);
            if (length == 0)
                continue;
            socket.Send(buffer.AsSpan(0, length));

            // Replies take their time, and not every message has one.
            if (socket.Poll(i % 10 == 0 ? PatienceMicroseconds : 0, SelectMode.SelectRead))
                Take(socket, buffer);
        }
    }

    private ClientRequest Next()
    {
        var type = Pick(Types);
        var associations = new (OptionCode, uint)[Pick([0, 1, 1, 2, 3, 30])];
        for (var i = 0; i < associations.Length; i++)
            associations[i] = (Pick(Kinds), (uint)random.Next(4));
        return new ClientRequest
        {
            Type = type,
            TransactionId = (uint)random.Next(1 << 24),
            ClientId = ClientId(random.Next(Clients)),
            ServerId = type is MessageType.Solicit or MessageType.Rebind or MessageType.Confirm ? default : serverId,
            RapidCommit = type == MessageType.Solicit && random.Next(2) == 0,
            Associations = associations,
            Leases = [.. associations.SelectMany(a => Leases(a.Item1, a.Item2))],
            Options = random.Next(3) == 0 ? [(OptionCode.UserClass, [0, 1, 65]), (OptionCode.VendorOptions, [0, 0, 0, 9, .. Octets()])] : [],
            Relays = [.. Enumerable.Range(0, Pick([0, 1, 1, 2])).Select(_ => Hop())],
        };
    }

    // The same client each time it is drawn, with a DUID of one of many lengths.
    private static byte[] ClientId(int client)
    {
        var duid = new byte[1 + (client * 129 / (Clients - 1))];
        new Random(client).NextBytes(duid);
        return duid;
    }

    private IEnumerable<ClientLease> Leases(OptionCode kind, uint iaid)
    {
        for (var count = Pick([0, 0, 1, 1, 3]); count > 0; count--)
        {
            if (seen.Count > 0 && random.Next(4) > 0)
                yield return seen[random.Next(seen.Count)] with { Association = kind, Iaid = iaid };
            else
                yield return new ClientLease(kind, iaid, new Ipv6Prefix(new Ipv6Address(new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64())), (byte)random.Next(129)), 1, uint.MaxValue);
        }
    }

    private RelayHop Hop() => new(Pick([default, QueriedServer.Link1, QueriedServer.Link2]), default, [.. HopOptions()]);

    private IEnumerable<(OptionCode Code, byte[] Data)> HopOptions()
    {
        if (random.Next(2) == 0)
            yield return (OptionCode.RemoteId, [0, 0, 0, 9, .. Octets()]);
        if (random.Next(2) == 0)
            yield return (OptionCode.InterfaceId, Octets());
        if (random.Next(2) == 0)
            yield return (OptionCode.RelayId, ClientId(random.Next(Clients)));
        if (random.Next(2) == 0)
            yield return (OptionCode.ClientLinkLayerAddress, [0, 1, .. Octets()]);
        if (random.Next(2) == 0)
            yield return (OptionCode.SubscriberId, Octets());
    }

    private byte[] Octets()
    {
        var octets = new byte[Pick(Lengths)];
        random.NextBytes(octets);
        return octets;
    }

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];

    private void Take(Socket socket, byte[] buffer)
    {
        while (socket.Available > 0)
        {
            if (ServerReply.TryParse(buffer.AsSpan(0, socket.Receive(buffer))) is { } reply)
                seen.AddRange(reply.Leases);
        }

        if (seen.Count > 200)
            seen.RemoveRange(0, seen.Count - 100);
    }
}

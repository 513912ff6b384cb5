using System.Net;
using System.Net.Sockets;
using Lease.Actors.Leasequery;
using Lease.Host.Tests.Dhcp6;
using Lease.Peers.Dhcp4;
using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Testing;

namespace Lease.Host.Tests.Leasequery;

/// <summary>
/// Queries over UDP through relays. The test sends from <c>::1</c>, which is the relay next to the server. A chain holds the peer-addresses
/// from the server's side on, so its last one is the requestor's. 2001:db8:5::/64 and fe80::7 are named, 2001:db8:1::66 is a client.
/// </summary>
public sealed class RelayedQueryScenarios
{
    private const string Named = """
        "requestors": [{"from": "::1"}, {"from": "2001:db8:5::/64"}, {"from": "fe80::7"}, {"from": "2001:db8:7::1", "allow": ["bulk"]}]
        """;

    private const string Dhcp4 = """
        "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.10-192.0.2.20"}]}]
        """;

    public enum Of
    {
        Ipv6,
        Ipv4,
    }

    [Theory]
    [InlineData(Of.Ipv6)]
    [InlineData(Of.Ipv4)]
    public async Task A_query_is_answered_when_each_hop_is_named(Of leases)
    {
        await using var server = await StartAsync();
        (await AskAsync(server, leases)).ShouldBeTrue("sent by the requestor itself");
        (await AskAsync(server, leases, "2001:db8:5::1")).ShouldBeTrue("a router that asks through a relay");
        (await AskAsync(server, leases, "2001:db8:5::2", "2001:db8:5::1")).ShouldBeTrue("through two relays");
        (await AskAsync(server, leases, "2001:db8:5::3", "2001:db8:5::2", "2001:db8:5::1")).ShouldBeTrue("through three");
    }

    [Theory]
    [InlineData(LeasequeryCount.NotNamed, "2001:db8:1::66")]
    [InlineData(LeasequeryCount.NotNamed, "2001:db8:5::2", "2001:db8:1::66")]
    [InlineData(LeasequeryCount.NotNamed, "::")]
    [InlineData(LeasequeryCount.NotAllowed, "2001:db8:7::1")]
    public async Task A_relay_that_may_ask_does_not_open_the_server_to_those_behind_it(LeasequeryCount reason, params string[] peers)
        => await RefusedAsync(reason, peers);

    // What stands inside of a peer-address that is not named was written by that peer.
    [Theory]
    [InlineData("2001:db8:1::66", "2001:db8:5::1")]
    [InlineData("2001:db8:1::66", "2001:db8:5::2", "2001:db8:5::1")]
    [InlineData("2001:db8:5::2", "2001:db8:1::66", "2001:db8:5::1")]
    [InlineData("2001:db8:1::66", "2001:db8:1::66")]
    public async Task A_client_that_writes_a_relay_message_itself_gets_nothing(params string[] peers)
        => await RefusedAsync(LeasequeryCount.RelayNotNamed, peers);

    // Each host chooses its link-local addresses, and behind a relay the link is not known.
    [Theory]
    [InlineData(LeasequeryCount.NotNamed, "fe80::7")]
    [InlineData(LeasequeryCount.RelayNotNamed, "fe80::7", "2001:db8:5::1")]
    public async Task A_link_local_peer_address_names_nobody(LeasequeryCount reason, params string[] peers)
        => await RefusedAsync(reason, peers);

    private static async Task RefusedAsync(LeasequeryCount reason, string[] peers)
    {
        await using var server = await StartAsync();
        var counters = server.Server.LeasequeryCounters;
        foreach (var leases in Enum.GetValues<Of>())
        {
            var before = counters[reason];
            (await AskAsync(server, leases, peers)).ShouldBeFalse();
            counters[reason].ShouldBe(before + 1);
        }

        counters[LeasequeryCount.UdpReceived].ShouldBe(0);
    }

    private static async Task<TestServer> StartAsync()
    {
        var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: Named, dhcp4: Dhcp4);
        await server.Client(1).BindAsync();
        return server;
    }

    /// <summary>Asks through relays; whether the answer came, and went back through each of them.</summary>
    private static async Task<bool> AskAsync(TestServer server, Of leases, params string[] peers)
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(IPAddress.IPv6Loopback, server.Server.Port);
        var counters = server.Server.LeasequeryCounters;
        LeasequeryCount[] refusals = [LeasequeryCount.NotNamed, LeasequeryCount.RelayNotNamed, LeasequeryCount.NotAllowed];
        long Refused() => refusals.Sum(r => counters[r]);
        var before = Refused();
        await socket.SendAsync(Relayed(leases == Of.Ipv6 ? Query() : Ipv4Query(), peers));
        var received = new byte[2000];
        var answer = socket.ReceiveAsync(received);
        await Eventually.TrueAsync(() => Task.FromResult(answer.IsCompleted || Refused() > before), "answered or counted");
        if (!answer.IsCompleted)
            return false;
        var packet = received.AsSpan(0, await answer);
        RelayChain.TryUnwrap(packet, out var chain, out _, MessageType.RelayReply).ShouldBeTrue();
        chain.Hops.ShouldBe(peers.Length);
        for (var hop = 0; hop < peers.Length; hop++)
            chain.Hop(packet, hop).PeerAddress.ToString().ShouldBe(peers[hop]);
        Dhcp6Message.TryRead(chain.Message(packet), 0, out var reply, out _).ShouldBeTrue();
        reply.Options.Contains(leases == Of.Ipv6 ? OptionCode.ClientData : OptionCode.Dhcpv4Message).ShouldBeTrue();
        return true;
    }

    private static byte[] Query()
        => LeasequeryRequest.ByClientId(TestServer.DuidOf(1)).Encode(MessageType.LeaseQuery, 5, QueriedServer.Requestor);

    private static byte[] Ipv4Query()
    {
        Ipv4Address.TryParse("192.0.2.11", out var address).ShouldBeTrue();
        var packet = new byte[1000];
        return packet[..new Dhcp4Request { Type = Dhcp4MessageType.LeaseQuery, ClientAddress = address }.Write(packet)];
    }

    private static byte[] Relayed(byte[] message, string[] peers)
    {
        var writer = new Dhcp6Writer(new byte[1500]);
        var marks = new Stack<int>();
        for (var hop = 0; hop < peers.Length; hop++)
        {
            var hopCount = (byte)(peers.Length - 1 - hop);
            writer.RelayHeader(MessageType.RelayForward, hopCount, QueriedServer.Link1, QueriedServer.Address(peers[hop]));
            marks.Push(writer.BeginOption(OptionCode.RelayMessage));
        }

        writer.Octets(message);
        while (marks.TryPop(out var mark))
            writer.EndOption(mark);
        return writer.Written.ToArray();
    }
}

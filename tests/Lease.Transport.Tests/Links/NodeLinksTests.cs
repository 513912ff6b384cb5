using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Testing;
using Lease.Transport.Links;

namespace Lease.Transport.Tests.Links;

public sealed class NodeLinksTests : IDisposable
{
    private readonly TestAuthority authority = new();

    public void Dispose() => authority.Dispose();

    [Fact]
    public async Task A_packet_goes_there_and_its_reply_comes_back()
    {
        using var b = new TestNode(authority.Issue("b"), "b");
        using var a = new TestNode(authority.Issue("a"), "a");
        b.Links.TrySend(a.Address, new ForwardedPacket(ForwardedService.BehindOther, 0x1234, isMulticast: true, TestNode.Client, "eth7", [1, 2, 3])).ShouldBeTrue();
        var packet = await a.NextPacketAsync();
        (packet.Service, packet.Channel, packet.IsMulticast, packet.Source, packet.InterfaceName).ShouldBe((ForwardedService.BehindOther, (ushort)0x1234, true, TestNode.Client, "eth7"));
        packet.Data.ShouldBe([1, 2, 3]);
        packet.From.Peer.ShouldStartWith("b [::1]:");
        packet.From.TrySendReply(packet.Channel, packet.Source, [4, 5]).ShouldBeTrue();
        var reply = await b.NextReplyAsync();
        (reply.Channel, reply.Destination).ShouldBe(((ushort)0x1234, TestNode.Client));
        reply.Data.ShouldBe([4, 5]);
        (b.Counters.PacketsSent, b.Counters.RepliesReceived, a.Counters.PacketsReceived, a.Counters.RepliesSent).ShouldBe((1, 1, 1, 1));
        (a.Counters.Opened, b.Counters.Opened).ShouldBe((1, 1));
        await a.LoggedAsync("link from b [::1]:", "is open");
        await b.LoggedAsync($"link to {a.Address} is open");
    }

    [Fact]
    public async Task Packets_come_in_their_order_and_each_gets_its_reply()
    {
        const int Packets = 10_000;
        using var a = new TestNode(authority.Issue("a"), "a");
        using var b = new TestNode(authority.Issue("b"), "b");
        var sending = Task.Run(() =>
        {
            var data = new byte[300];
            for (var i = 0; i < Packets; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(data, i);
                b.Send(a.Address, data).ShouldBeTrue();
            }
        });
        for (var i = 0; i < Packets; i++)
        {
            var packet = await a.NextPacketAsync();
            BinaryPrimitives.ReadInt32BigEndian(packet.Data).ShouldBe(i);
            packet.Data.Length.ShouldBe(300);
            packet.From.TrySendReply(packet.Channel, packet.Source, packet.Data).ShouldBeTrue();
        }

        await sending;
        for (var i = 0; i < Packets; i++)
            BinaryPrimitives.ReadInt32BigEndian((await b.NextReplyAsync()).Data).ShouldBe(i);
        (b.Counters.PacketsSent, b.Counters.PacketsDropped, b.Counters.Opened).ShouldBe((Packets, 0, 1));
    }

    [Fact]
    public async Task The_largest_datagrams_go_both_ways()
    {
        using var a = new TestNode(authority.Issue("a"), "a");
        using var b = new TestNode(authority.Issue("b"), "b");
        var data = new byte[65_535];
        Random.Shared.NextBytes(data);
        for (var i = 0; i < 20; i++)
            b.Links.TrySend(a.Address, new ForwardedPacket(ForwardedService.Dhcp6, 0, isMulticast: false, default, new string('n', ForwardedPacket.MaxNameLength), data)).ShouldBeTrue();
        for (var i = 0; i < 20; i++)
        {
            var packet = await a.NextPacketAsync();
            packet.Data.AsSpan().SequenceEqual(data).ShouldBeTrue();
            packet.From.TrySendReply(0, default, packet.Data).ShouldBeTrue();
            (await b.NextReplyAsync()).Data.AsSpan().SequenceEqual(data).ShouldBeTrue();
        }

        b.Send(a.Address, new byte[70_000]).ShouldBeFalse();
    }

    [Fact]
    public async Task Two_nodes_forward_to_each_other_by_links_of_their_own()
    {
        using var a = new TestNode(authority.Issue("a"), "a");
        using var b = new TestNode(authority.Issue("b"), "b");
        a.Send(b.Address, 1).ShouldBeTrue();
        b.Send(a.Address, 2).ShouldBeTrue();
        (await b.NextPacketAsync()).Data.ShouldBe([1]);
        (await a.NextPacketAsync()).Data.ShouldBe([2]);
        (a.Counters.Opened, b.Counters.Opened).ShouldBe((2, 2));
    }

    [Fact]
    public async Task A_node_that_was_gone_and_is_back_gets_another_link()
    {
        using var b = new TestNode(authority.Issue("b"), "b");
        var certificates = authority.Issue("a");
        NodeAddress address;
        INodeLink link;
        using (var a = new TestNode(certificates, "a"))
        {
            address = a.Address;
            b.Send(address, 1).ShouldBeTrue();
            link = (await a.NextPacketAsync()).From;
        }

        link.TrySendReply(0, default, [1]).ShouldBeFalse();
        await b.LoggedAsync($"link to {address} closed");
        b.Send(address, 2).ShouldBeFalse();
        await b.SendAsync(address, 3);
        await b.LoggedAsync($"no link to {address}: cannot connect: ConnectionRefused");
        using var again = new TestNode(certificates, "a", port: int.Parse(address.Address["[::1]:".Length..]));
        await Eventually.TrueAsync(() => b.Send(address, 4) && b.Counters.Opened == 2, "another link");
        (await again.NextPacketAsync()).Data.ShouldBe([4]);
        b.Counters.Failed.ShouldBeGreaterThan(0);
        b.Counters.PacketsDropped.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task After_a_failure_there_is_a_second_without_attempts()
    {
        var time = new VirtualTime();
        using var b = new TestNode(authority.Issue("b"), "b", time);
        var nowhere = new NodeAddress("a", $"[::1]:{UnusedPort()}");
        b.Send(nowhere, 1).ShouldBeTrue();
        (await b.LoggedAsync("no link to")).ShouldStartWith("Warning");
        time.Advance(TimeSpan.FromMilliseconds(999));
        b.Send(nowhere, 2).ShouldBeFalse();
        (b.Counters.Failed, b.Counters.PacketsSent, b.Counters.PacketsDropped).ShouldBe((1, 1, 1));
        time.Advance(TimeSpan.FromMilliseconds(1));
        b.Send(nowhere, 3).ShouldBeTrue();

        // Nobody needs to read the same thing every second.
        (await b.LoggedAsync("no link to")).ShouldStartWith("Debug");
        b.Counters.Failed.ShouldBe(2);
    }

    [Theory]
    [InlineData("")]
    [InlineData("n1")]
    [InlineData("::1")]
    [InlineData("[::1]:99999")]
    public async Task What_is_no_address_is_a_link_that_fails(string address)
    {
        using var b = new TestNode(authority.Issue("b"), "b");
        var to = new NodeAddress("a", address);
        b.Send(to, 1);
        await b.LoggedAsync("no link to", "the address is not [ADDRESS]:PORT");
        b.Send(to, 1).ShouldBeFalse();
        b.Counters.PacketsDropped.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_node_that_is_forgotten_has_no_link_until_there_is_another_packet_for_it()
    {
        using var a = new TestNode(authority.Issue("a"), "a");
        using var b = new TestNode(authority.Issue("b"), "b");
        b.Send(a.Address, 1).ShouldBeTrue();
        await a.NextPacketAsync();
        b.Links.Forget(a.Address);
        b.Links.Forget(new NodeAddress("c", "[::1]:1"));
        (await b.LoggedAsync("closed: the node is gone")).ShouldStartWith("Information");
        await a.LoggedAsync("link from b", "closed");
        b.Send(a.Address, 2).ShouldBeTrue();
        (await a.NextPacketAsync()).Data.ShouldBe([2]);
    }

    [Fact]
    public async Task A_node_that_stops_sends_nothing_more_and_its_port_is_free()
    {
        using var a = new TestNode(authority.Issue("a"), "a");
        var b = new TestNode(authority.Issue("b"), "b");
        b.Send(a.Address, 1).ShouldBeTrue();
        await a.NextPacketAsync();
        b.Dispose();
        b.Dispose();
        b.Send(a.Address, 2).ShouldBeFalse();
        await a.LoggedAsync("link from b", "closed: ");
        using var next = new TestNode(authority.Issue("c"), "c", port: b.Links.Port);
    }

    [Fact]
    public void A_taken_port_is_refused_with_advice()
    {
        using var a = new TestNode(authority.Issue("a"), "a");
        Should.Throw<ListenException>(() => new TestNode(authority.Issue("b"), "b", port: a.Links.Port)).Message.ShouldContain("another program listens there");
    }

    private static int UnusedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

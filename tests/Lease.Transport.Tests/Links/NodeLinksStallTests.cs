using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Testing;
using Lease.Transport.Links;

namespace Lease.Transport.Tests.Links;

/// <summary>A node that is connected and does not read costs a bounded amount of memory, and its link after five seconds.</summary>
public sealed class NodeLinksStallTests : IDisposable
{
    // Both buffers, and what the system takes for both ends of a connection.
    private const long Most = (2 * SendBuffer.Limit) + (24 << 20);

    private readonly TestAuthority authority = new();
    private readonly VirtualTime time = new();
    private readonly byte[] data = new byte[60_000];

    public void Dispose() => authority.Dispose();

    [Fact]
    public async Task Packets_for_a_node_that_does_not_read_are_dropped_and_counted_and_the_link_is_closed()
    {
        using var node = new TestNode(authority.Issue("node"), "node", time);
        using var listener = Intruder.Listen();
        var address = new NodeAddress("peer", $"{listener.LocalEndPoint}");
        node.Send(address, 1).ShouldBeTrue();
        await using (await Intruder.AcceptAsync(listener, authority.Issue("peer")))
        {
            await Eventually.TrueAsync(() => node.Counters.Opened == 1, "a link");
            await Eventually.TrueAsync(() => !node.Send(address, data), "a full buffer");
            (node.Counters.PacketsSent * data.Length).ShouldBeLessThan(Most);
            node.Counters.PacketsDropped.ShouldBe(1);
            await OverdueAsync(node);
            await node.LoggedAsync($"link to {address} closed: it took nothing for 5 s");
            node.Send(address, 1).ShouldBeFalse();
        }

        // And another one is opened, when there is something to send.
        time.Advance(TimeSpan.FromSeconds(1));
        node.Send(address, 1).ShouldBeTrue();
        await using var again = await Intruder.AcceptAsync(listener, authority.Issue("peer"));
        await Eventually.TrueAsync(() => node.Counters.Opened == 2, "another link");
    }

    [Fact]
    public async Task Replies_to_a_node_that_does_not_read_are_dropped_and_counted_too()
    {
        using var node = new TestNode(authority.Issue("node"), "node", time);
        await using var peer = await Intruder.ConnectAsync(node, authority.Issue("peer"));
        await peer.SayAsync(Frames.Of(TestNode.Packet()));
        var link = (await node.NextPacketAsync()).From;
        await Eventually.TrueAsync(() => !link.TrySendReply(0, default, data), "a full buffer");
        (node.Counters.RepliesSent * data.Length).ShouldBeLessThan(Most);
        node.Counters.RepliesDropped.ShouldBe(1);
        await OverdueAsync(node);
        await node.LoggedAsync("link from peer", "closed: it took nothing for 5 s");
        link.TrySendReply(0, default, data).ShouldBeFalse();
    }

    [Fact]
    public async Task Packets_wait_while_the_link_is_opened_but_not_for_ever()
    {
        using var node = new TestNode(authority.Issue("node"), "node", time);
        using var listener = Intruder.Listen();
        var address = new NodeAddress("peer", $"{listener.LocalEndPoint}");

        // It is connected, and nobody answers the handshake.
        var taken = 0;
        while (node.Send(address, data))
            taken++;
        (taken * (long)data.Length).ShouldBeInRange(SendBuffer.Limit - (2 * data.Length), SendBuffer.Limit);
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return node.Counters.Failed == 1;
            },
            "the end of patience");
        await node.LoggedAsync($"no link to {address}: it was not open after 3 s");
    }

    // The time runs while a piece is written; which one that is depends on the system.
    private Task OverdueAsync(TestNode node) => Eventually.TrueAsync(
        () =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return node.Counters.Stalled == 1;
        },
        "the end of patience");
}

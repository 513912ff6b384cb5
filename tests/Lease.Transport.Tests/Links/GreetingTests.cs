using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Lease.Kernel.Sharding;
using Lease.Transport.Links;
using Lease.Transport.Tcp;

namespace Lease.Transport.Tests.Links;

/// <summary>A link comes to be only with the node that it is for, of the same cluster, in a version that both understand.</summary>
public sealed class GreetingTests : IDisposable
{
    private const string ClusterText = "fd315332-e0dd-4fab-8c44-09d350c65002";

    // What a node of the first version said first, as recorded: a packet, in frames of its own.
    private static readonly byte[] FirstVersion = Convert.FromHexString("00000023" + "01" + "00" + "0000" + "01" + "fe800000000000000123456789abcdef" + "0222" + "00000007" + "04" + "65746830" + "010203");

    private readonly TestAuthority authority = new();
    private readonly TlsCertificates peer;
    private readonly TestNode node;

    public GreetingTests()
    {
        peer = authority.Issue("peer");
        node = new TestNode(authority.Issue("node"), "n1");
    }

    public void Dispose()
    {
        node.Dispose();
        authority.Dispose();
    }

    [Fact]
    public async Task Each_side_says_its_version_and_who_it_is_and_for_whom_it_takes_the_other()
    {
        using var listener = Intruder.Listen();
        node.Send(new NodeAddress("n2", $"{listener.LocalEndPoint}"), 1).ShouldBeTrue();
        await using var other = await Intruder.AcceptSecurelyAsync(listener, peer);
        (await other.HearAsync(58)).ShouldBe([.. "lease/2\n"u8, 0, 0, 0, 46, 0x0a, 36, .. Encoding.ASCII.GetBytes(ClusterText), 0x12, 2, .. "n1"u8, 0x1a, 2, .. "n2"u8]);

        // And no packet before it has heard the same.
        await other.SayAsync(Opening(new Hello { ClusterId = ClusterText, NodeId = "n2", PeerId = "n1" }));
        Frames.Read(await other.HearAsync(Frames.Of(TestNode.Packet(1)).Length)).Packet.Data.ShouldBe(ByteString.CopyFrom(1));
        await node.LoggedAsync("Information link to n2 [::1]:", "is open");
        node.Counters.Opened.ShouldBe(1);
    }

    [Fact]
    public async Task A_node_at_the_address_of_another_is_refused_by_both()
    {
        using var n2 = new TestNode(authority.Issue("n2"), "n2");
        using var n3 = new TestNode(authority.Issue("n3"), "n3");

        // The two addresses are exchanged.
        foreach (var (wanted, found) in new[] { (n2, n3), (n3, n2) })
        {
            var (w, f) = (wanted.Address.NodeId, found.Address.NodeId);
            var reason = $"it was to be node {w}, and {f} has answered: one of the two is configured with the other's address";
            node.Send(wanted.Address with { Address = found.Address.Address }, 1).ShouldBeTrue();
            (await node.LoggedAsync("no link to")).ShouldBe($"Warning no link to {w} {found.Address.Address}: {reason}");
            (await found.LoggedAsync("no link from n1 [::1]:")).ShouldEndWith(reason);
            (found.Counters.Refused, found.Counters.Opened, found.Counters.PacketsReceived).ShouldBe((1, 0, 0));
        }

        (node.Counters.Failed, node.Counters.Opened).ShouldBe((2, 0));
        node.Send(n2.Address, 2).ShouldBeTrue();
        (await n2.NextPacketAsync()).Data.ShouldBe([2]);
    }

    [Fact]
    public async Task A_node_of_another_cluster_is_refused_by_both()
    {
        using var stranger = new TestNode(authority.Issue("n2"), "n2", cluster: Guid.Empty);
        node.Send(stranger.Address, 1).ShouldBeTrue();
        await node.LoggedAsync($"Warning no link to {stranger.Address}: node n2 is of cluster {Guid.Empty}, and n1 of {ClusterText}");
        await stranger.LoggedAsync("Warning no link from n1 [::1]:", $"node n1 is of cluster {ClusterText}, and n2 of {Guid.Empty}");
        (node.Counters.Failed, stranger.Counters.Refused).ShouldBe((1, 1));
    }

    [Fact]
    public async Task A_node_of_the_first_version_is_refused()
        => await RefusedAsync(FirstVersion, "it runs an earlier version of Lease, whose links are others: upgrade it too");

    [Fact]
    public async Task A_node_of_the_first_version_ends_the_opening_and_that_is_a_link_that_fails()
    {
        using var listener = Intruder.Listen();
        node.Send(new NodeAddress("n2", $"{listener.LocalEndPoint}"), 1).ShouldBeTrue();
        await using (var old = await Intruder.AcceptSecurelyAsync(listener, peer))
        {
            // It begins with the length of a frame, 70,000 at most, and closes when that cannot be.
            BinaryPrimitives.ReadUInt32BigEndian(await old.HearAsync(4)).ShouldBeGreaterThan(70_000u);
        }

        await node.LoggedAsync("Warning no link to n2 [::1]:", "it closed the connection without saying who it is: it runs an earlier version");
        (node.Counters.Failed, node.Counters.Opened).ShouldBe((1, 0));
        node.Send(new NodeAddress("n2", $"{listener.LocalEndPoint}"), 1).ShouldBeFalse();
    }

    [Fact]
    public async Task A_node_of_a_later_version_is_refused()
        => await RefusedAsync("lease/3\nwhatever comes then"u8.ToArray(), "its links are of version 3, this node's of version 2: upgrade the older one");

    [Fact]
    public async Task What_begins_otherwise_is_refused()
        => await RefusedAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), "it does not begin as a node does: 474554202f204854");

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 }, "a frame of 0 octets")]
    [InlineData(new byte[] { 0, 0, 0x10, 1 }, "a frame of 4097 octets")]
    [InlineData(new byte[] { 255, 255, 255, 255 }, "a frame of 4294967295 octets")]
    [InlineData(new byte[] { 0, 0, 0, 1, 7 }, "its hello cannot be read")]
    public async Task A_hello_that_cannot_be_is_refused(byte[] octets, string reason) => await RefusedAsync([.. Greeting.Preface, .. octets], reason);

    [Fact]
    public async Task A_hello_that_names_nobody_is_refused()
    {
        var whole = new Hello { ClusterId = ClusterText, NodeId = "peer", PeerId = "n1" };
        foreach (var spoil in new Action<Hello>[] { h => h.ClusterId = "", h => h.ClusterId = "mine", h => h.NodeId = "", h => h.PeerId = "", h => h.NodeId = "n2\nsaid by another" })
        {
            var hello = whole.Clone();
            spoil(hello);
            await RefusedAsync(Opening(hello), "its hello cannot be read: a cluster or a node is not named in it");
        }
    }

    [Fact]
    public async Task A_hello_of_a_newer_version_may_say_more()
    {
        byte[] message = [.. new Hello { ClusterId = ClusterText, NodeId = "peer", PeerId = "n1" }.ToByteArray(), 0x7a, 3, 1, 2, 3];
        await using var other = await Intruder.ConnectSecurelyAsync(node, peer);
        await other.SayAsync([.. Greeting.Preface, 0, 0, 0, (byte)message.Length, .. message, .. Frames.Of(TestNode.Packet(5))]);
        (await node.NextPacketAsync()).Data.ShouldBe([5]);
    }

    private async Task RefusedAsync(byte[] octets, string reason)
    {
        var before = node.Counters.Refused;
        await using var other = await Intruder.ConnectSecurelyAsync(node, peer);
        await other.SayAsync(octets);
        await other.ClosedAsync();
        await node.LoggedAsync("Warning no link from peer [::1]:", reason);
        (node.Counters.Refused, node.Counters.Opened, node.Counters.PacketsReceived).ShouldBe((before + 1, 0, 0));
    }

    private static byte[] Opening(Hello hello)
    {
        var message = hello.ToByteArray();
        return [.. Greeting.Preface, 0, 0, 0, (byte)message.Length, .. message];
    }
}

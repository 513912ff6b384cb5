using System.Security.Authentication;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Testing;
using Lease.Transport.Tcp;

namespace Lease.Transport.Tests.Links;

/// <summary>Who is no node of the cluster gets nothing, and a node that says nonsense loses its link; others go on.</summary>
public sealed class NodeLinksIntruderTests : IDisposable
{
    private static readonly byte[] Good = Frames.Of(TestNode.Packet(5));

    private readonly TestAuthority authority = new();
    private readonly TlsCertificates certificates;
    private readonly TestNode node;

    public NodeLinksIntruderTests()
    {
        certificates = authority.Issue("peer");
        node = new TestNode(authority.Issue("node"), "node");
    }

    public void Dispose()
    {
        node.Dispose();
        authority.Dispose();
    }

    [Fact]
    public async Task A_peer_without_certificate_is_refused()
    {
        await using var intruder = await Intruder.ConnectAsync(node);
        try
        {
            await intruder.StartTlsWithoutCertificateAsync();
            await intruder.SayAsync(Good);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // With TLS 1.3 it may learn it later.
        }

        await intruder.ClosedAsync();
        await RefusedAsync("no certificate was shown");
    }

    [Fact]
    public async Task A_node_of_another_authority_is_refused_and_refuses()
    {
        using var others = new TestAuthority();
        using var stranger = new TestNode(others.Issue("stranger"), "stranger");
        stranger.Send(node.Address, 1).ShouldBeTrue();
        await stranger.LoggedAsync("no link to", "CN=node", "no known authority has signed it");
        await RefusedAsync("TLS failed");
        stranger.Counters.Failed.ShouldBe(1);

        // One that does not look whom it talks to is refused for its own certificate.
        await using var intruder = await Intruder.ConnectAsync(node);
        var options = others.Issue("careless").ForClient("::1", static _ => { });
        options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        try
        {
            await intruder.StartTlsAsync(options);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // With TLS 1.3 it may learn it later.
        }

        await intruder.ClosedAsync();
        await node.LoggedAsync("no link from [::1]:", "CN=careless", "no known authority has signed it");
        node.Counters.Refused.ShouldBe(2);
    }

    [Fact]
    public async Task Garbage_instead_of_TLS_is_refused()
    {
        foreach (var octets in new byte[][] { [0], Good, [.. "GET / HTTP/1.1\r\n\r\n"u8], Random(5000) })
        {
            await using var intruder = await Intruder.ConnectAsync(node);
            await intruder.SayAsync(octets);
            intruder.FinishWriting();
            await intruder.ClosedAsync();
            await node.LoggedAsync("no link from", "TLS failed");
        }

        node.Counters.Refused.ShouldBe(4);
        await StillServesAsync();
    }

    [Fact]
    public async Task Who_says_nothing_has_three_seconds()
    {
        var time = new VirtualTime();
        using var patient = new TestNode(authority.Issue("patient"), "patient", time);
        await using var intruder = await Intruder.ConnectAsync(patient);
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return patient.Counters.Refused == 1;
            },
            "the end of patience");
        await patient.LoggedAsync("no link from", "it was not open after 3 s");
        await intruder.ClosedAsync();
    }

    [Theory]
    [InlineData("a frame of 0 octets", new byte[] { 0, 0, 0, 0 })]
    [InlineData("a frame of 70001 octets", new byte[] { 0, 1, 0x11, 0x71 })]
    [InlineData("a frame of 4294967295 octets", new byte[] { 255, 255, 255, 255, 1, 2, 3 })]
    [InlineData("a frame of 1 octets that is no message", new byte[] { 0, 0, 0, 1, 0 })]
    [InlineData("a frame of 3 octets that is no message", new byte[] { 0, 0, 0, 3, 0x0a, 2, 0 })]
    [InlineData("a frame without an endpoint", new byte[] { 0, 0, 0, 2, 0x0a, 0 })]
    [InlineData("a reply from a node that was not asked", new byte[] { 0, 0, 0, 2, 0x12, 0 })]
    [InlineData("a frame of 18 octets that is no message", new byte[] { 0, 0, 0, 18, 71, 69, 84, 32, 47, 32, 72, 84, 84, 80, 47, 49, 46, 49, 13, 10, 13, 10 })]
    public async Task A_frame_that_cannot_be_closes_its_link(string reason, byte[] octets)
    {
        await using var intruder = await Intruder.ConnectAsync(node, certificates);
        await intruder.SayAsync([.. Good, .. octets]);
        (await node.NextPacketAsync()).Data.ShouldBe([5]);
        await intruder.ClosedAsync();
        await node.LoggedAsync("Warning link from peer [::1]:", reason);
        node.Counters.Malformed.ShouldBe(1);
        await StillServesAsync();
    }

    [Fact]
    public async Task What_only_a_newer_version_knows_is_passed_over_and_counted()
    {
        var newer = Frames.Of(TestNode.Packet(6));
        byte[] unknownKind = [0, 0, 0, 5, 0x4a, 3, 1, 2, 3];
        byte[] unknownService = [.. newer];
        unknownService[7] = 9;
        await using var intruder = await Intruder.ConnectAsync(node, certificates);
        await intruder.SayAsync([.. unknownKind, .. unknownService, .. Good]);
        (await node.NextPacketAsync()).Data.ShouldBe([5]);
        (node.Counters.Unknown, node.Counters.PacketsReceived, node.Counters.Malformed).ShouldBe((2, 1, 0));
    }

    [Fact]
    public async Task Random_octets_after_the_handshake_end_in_one_closed_link()
    {
        await using var intruder = await Intruder.ConnectAsync(node, certificates);

        // A length of 0xffxxxxxx, so that it does not wait for more.
        await intruder.SayAsync([255, .. Random(100_000)]);
        await intruder.ClosedAsync();
        await node.LoggedAsync("link from peer", "closed: a frame of");
        await StillServesAsync();
    }

    [Fact]
    public async Task A_frame_that_trickles_in_is_whole_at_its_end_and_one_that_stays_cut_off_is_not()
    {
        await using (var intruder = await Intruder.ConnectAsync(node, certificates))
        {
            foreach (var octet in Good)
                await intruder.SayAsync(octet);
            (await node.NextPacketAsync()).InterfaceName.ShouldBe("eth0");
            await intruder.SayAsync(Good[..^1]);
        }

        await node.LoggedAsync("link from peer", "in the middle of a frame");
        node.Counters.PacketsReceived.ShouldBe(1);
    }

    [Fact]
    public async Task A_node_that_answers_with_nonsense_loses_its_link()
    {
        using var listener = Intruder.Listen();
        node.Send(new NodeAddress("peer", $"{listener.LocalEndPoint}"), 1).ShouldBeTrue();
        await using var intruder = await Intruder.AcceptAsync(listener, certificates);
        await intruder.SayAsync(Good);
        await node.LoggedAsync("link to peer [::1]:", "a packet where replies are due");
        node.Counters.Malformed.ShouldBe(1);
    }

    private async Task StillServesAsync()
    {
        using var other = new TestNode(certificates, "other");
        other.Send(node.Address, 77).ShouldBeTrue();
        (await node.NextPacketAsync()).Data.ShouldBe([77]);
    }

    private async Task RefusedAsync(string reason)
    {
        await node.LoggedAsync("Warning no link from [::1]:", reason);
        (node.Counters.Refused, node.Counters.Opened, node.Counters.PacketsReceived).ShouldBe((1, 0, 0));
    }

    private static byte[] Random(int length)
    {
        var octets = new byte[length];
        System.Random.Shared.NextBytes(octets);
        return octets;
    }
}

using Lease.Peers.Client;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Tests.Client;

/// <summary>
/// How often a client sends to a server that answers at once, whatever that says: RFC 2131 section 4.4.5, RFC 8415 sections 14.1, 14.2, 15.
/// </summary>
public sealed class ClientPaceTests
{
    private const uint Infinite = uint.MaxValue;
    private const double Seconds = 300;

    private static readonly ClientOptions With4o6 = new() { Duid = ClientKit.Duid1, Dhcp4o6 = true };

    // The last two columns: how many messages in that time at most, and at least (it keeps its lease).
    [Theory]
    [InlineData(3600u, null, null, false, 2, 2)]
    [InlineData(3600u, 0u, 0u, true, 2, 2)]
    [InlineData(3600u, 1u, 2u, true, 7, 4)]
    [InlineData(3600u, 900u, 100u, true, 2, 2)]
    [InlineData(300u, 0u, 260u, true, 4, 3)]
    [InlineData(300u, 9000u, 9500u, true, 4, 3)]
    [InlineData(300u, Infinite, Infinite, true, 4, 3)]
    [InlineData(60u, null, null, true, 12, 6)]
    [InlineData(10u, null, null, true, 62, 20)]
    [InlineData(2u, null, null, true, 62, 20)]
    [InlineData(1u, 0u, 0u, true, 62, 20)]
    [InlineData(0u, null, null, true, 62, 20)]
    [InlineData(null, null, null, true, 2, 2)]
    [InlineData(null, 0u, 0u, false, 2, 2)]
    public async Task IPv4_is_asked_for_no_faster_than_its_times_allow(
        uint? leaseTime, uint? t1, uint? t2, bool withSource, int atMost, int atLeast)
    {
        await using var kit = new ClientKit(With4o6, With4(sent => sent.Dhcp4.Type == Dhcp4MessageType.Discover
            ? ClientKit.Response(sent, Dhcp4MessageType.Offer, "192.0.2.10")
            : ClientKit.Response(sent, Dhcp4MessageType.Ack, "192.0.2.10", leaseTime, t1, t2, withSource)));
        (await QueriesAsync(kit)).Count.ShouldBeInRange(atLeast, atMost);
    }

    [Fact]
    public async Task A_client_that_gives_no_tunnel_source_address_renews_at_T1()
    {
        await using var kit = new ClientKit(With4o6 with { WithTunnel = false }, With4(Grant));
        (await QueriesAsync(kit)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task The_server_is_told_of_another_tunnel_source_address_once_also_when_it_returns_none()
    {
        var address = new Ipv6Address(0x2001_0db8_0001_0077);
        await using var kit = new ClientKit(With4o6, sent => sent.Type switch
        {
            MessageType.Dhcpv4Query => Grant(sent, 100_000, withSource: false),
            _ => Answer6(sent, r => (r.Servers, r.T1, r.T2, r.Valid, r.Address) = ([], 300, 500, 1000, address)),
        });
        (await QueriesAsync(kit, 100)).Count.ShouldBe(2);
        address = new Ipv6Address(0x2001_0db8_0001_0078);
        var told = (await QueriesAsync(kit, 250)).ShouldHaveSingleItem();
        told.Dhcp4.Options.TryGet(Dhcp4OptionCode.S46SourceAddress, out var source).ShouldBeTrue();
        Ipv6Address.Read(source).ShouldBe(address);
    }

    [Fact]
    public async Task A_server_that_refuses_every_REQUEST_is_asked_again_after_a_while()
    {
        await using var kit = new ClientKit(With4o6, With4(sent => ClientKit.Response(
            sent, sent.Dhcp4.Type == Dhcp4MessageType.Discover ? Dhcp4MessageType.Offer : Dhcp4MessageType.Nak, "192.0.2.10")));
        (await QueriesAsync(kit)).Count.ShouldBeInRange(20, 62);
    }

    [Fact]
    public async Task A_server_that_refuses_every_renewal_is_asked_again_after_a_while()
    {
        await using var kit = new ClientKit(With4o6, With4(sent => sent.Dhcp4.ClientAddress.IsUnspecified
            ? Grant(sent, 20)
            : ClientKit.Response(sent, Dhcp4MessageType.Nak, "192.0.2.10")));
        (await QueriesAsync(kit)).Count.ShouldBeInRange(20, 93);
    }

    [Theory]
    [InlineData(0u, 0u, 200u, 200u, 5, 3)]
    [InlineData(1u, 2u, 200u, 200u, 32, 15)]
    [InlineData(190u, 100u, 200u, 200u, 5, 3)]
    [InlineData(9000u, 9500u, 200u, 200u, 4, 3)]
    [InlineData(Infinite, Infinite, 200u, 200u, 5, 3)]
    [InlineData(0u, 0u, 0u, 200u, 5, 3)]
    [InlineData(0u, 0u, 1u, 200u, 32, 15)]
    [InlineData(0u, 0u, 4u, 4u, 152, 40)]
    [InlineData(0u, 0u, 1u, 1u, 62, 20)]
    [InlineData(0u, 0u, 0u, 0u, 62, 20)]
    [InlineData(1u, 1u, Infinite, Infinite, 32, 15)]
    [InlineData(0u, 0u, Infinite, Infinite, 2, 2)]
    public async Task Leases_are_asked_for_no_faster_than_their_times_allow(
        uint t1, uint t2, uint preferred, uint valid, int atMost, int atLeast)
    {
        await using var kit = new ClientKit(server: sent => sent.Type == MessageType.Solicit
            ? Answer6(sent)
            : Answer6(sent, r => (r.T1, r.T2, r.Preferred, r.Valid) = (t1, t2, preferred, valid)));
        (await kit.SentInAsync(Seconds)).Count.ShouldBeInRange(atLeast, atMost);
    }

    [Theory]
    [InlineData(StatusCode.NoBinding)]
    [InlineData(StatusCode.NoAddrsAvail)]
    [InlineData(StatusCode.UnspecFail)]
    public async Task A_server_that_offers_and_grants_nothing_is_asked_again_after_a_while(StatusCode status)
    {
        await using var kit = new ClientKit(
            server: sent => Answer6(sent, r => r.Status = sent.Type == MessageType.Solicit ? null : status));
        (await kit.SentInAsync(Seconds)).Count.ShouldBeInRange(20, 62);
    }

    [Theory]
    [InlineData(StatusCode.NoBinding, true)]
    [InlineData(StatusCode.NoBinding, false)]
    [InlineData(StatusCode.UnspecFail, false)]
    public async Task A_server_that_extends_nothing_is_asked_again_after_a_while(StatusCode status, bool grantsAgain)
    {
        var renewing = false;
        await using var kit = new ClientKit(server: sent =>
        {
            var extends = sent.Type is MessageType.Renew or MessageType.Rebind;
            var refuses = extends || (renewing && sent.Type == MessageType.Request && !grantsAgain);
            renewing = extends;
            return refuses ? Answer6(sent, r => r.Status = status) : Answer6(sent, r => (r.T1, r.T2, r.Valid) = (1, 2, 20));
        });
        (await kit.SentInAsync(Seconds)).Count.ShouldBeInRange(20, 124);
    }

    // DHCPv6 with long leases and option 88, IPv4 as the test says.
    private static Func<Sent, byte[]?> With4(Func<Sent, byte[]?> answer)
        => sent => sent.Type == MessageType.Dhcpv4Query
            ? answer(sent)
            : Answer6(sent, static r => (r.Servers, r.T1, r.T2, r.Valid) = ([], 90_000, 95_000, 100_000));

    private static byte[] Grant(Sent sent) => Grant(sent, 400);

    private static byte[] Grant(Sent sent, uint leaseTime, bool withSource = true)
    {
        var type = sent.Dhcp4.Type == Dhcp4MessageType.Discover ? Dhcp4MessageType.Offer : Dhcp4MessageType.Ack;
        return ClientKit.Response(sent, type, "192.0.2.10", leaseTime, withSource: withSource);
    }

    private static byte[] Answer6(Sent sent, Action<Reply>? change = null) => ClientKit.Answer(
        sent,
        sent.Type == MessageType.Solicit ? MessageType.Advertise : MessageType.Reply,
        reply =>
        {
            reply.Preference = byte.MaxValue;
            change?.Invoke(reply);
        });

    private static async Task<List<Sent>> QueriesAsync(ClientKit kit, double seconds = Seconds)
        => [.. (await kit.SentInAsync(seconds)).Where(static s => s.Type == MessageType.Dhcpv4Query)];
}

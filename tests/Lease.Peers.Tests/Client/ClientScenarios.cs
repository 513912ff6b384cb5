using Lease.Peers.Client;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Tests.Client;

/// <summary>The client's rules: RFC 8415 sections 15 and 18.2, RFC 7341 (seed 002's client section), RFC 2131 section 4.4.</summary>
public sealed class ClientScenarios
{
    private static readonly ClientOptions With4o6 = new() { Duid = ClientKit.Duid1, Dhcp4o6 = true };

    [Fact]
    public async Task SOLICIT_is_sent_again_after_twice_the_time_and_says_how_long_it_takes()
    {
        await using var kit = new ClientKit();
        var first = await kit.NextAsync();
        var second = await kit.NextAsync();
        var third = await kit.NextAsync();
        first.Type.ShouldBe(MessageType.Solicit);
        (second.At - first.At).TotalSeconds.ShouldBeInRange(1.0, 1.4);
        (third.At - second.At).TotalSeconds.ShouldBeInRange(1.7, 2.8);
        third.Message.TransactionId.ShouldBe(first.Message.TransactionId);
        third.Message.Options.TryGetNumber(OptionCode.ElapsedTime, out var elapsed).ShouldBeTrue();
        elapsed.ShouldBeInRange(270u, 430u);
    }

    [Fact]
    public async Task The_server_of_the_highest_preference_is_asked()
    {
        await using var kit = new ClientKit();
        var solicit = await kit.NextAsync(MessageType.Solicit);
        kit.Deliver(ClientKit.Answer(solicit, MessageType.Advertise, static r => r.ServerId = [0, 9, 1]));
        kit.Deliver(ClientKit.Answer(solicit, MessageType.Advertise, static r => (r.ServerId, r.Preference) = ([0, 9, 2], 7)));
        kit.Deliver(ClientKit.Answer(solicit, MessageType.Advertise, static r => (r.ServerId, r.Preference) = ([0, 9, 3], 3)));
        var request = await kit.NextAsync(MessageType.Request);
        request.Message.Options.TryGet(OptionCode.ServerId, out var server).ShouldBeTrue();
        server.ToArray().ShouldBe([0, 9, 2]);
        (request.At - solicit.At).TotalSeconds.ShouldBeGreaterThanOrEqualTo(1.0);
    }

    [Fact]
    public async Task Preference_255_is_not_waited_on()
    {
        await using var kit = new ClientKit();
        var solicit = await kit.NextAsync(MessageType.Solicit);
        kit.Deliver(ClientKit.Answer(solicit, MessageType.Advertise, static r => r.Preference = 255));
        var request = await kit.NowAsync();
        request.Type.ShouldBe(MessageType.Request);
        request.At.ShouldBe(kit.Time.GetUtcNow());
    }

    [Fact]
    public async Task An_ADVERTISE_without_an_address_is_no_offer()
    {
        await using var kit = new ClientKit();
        var solicit = await kit.NextAsync(MessageType.Solicit);
        kit.Deliver(ClientKit.Answer(solicit, MessageType.Advertise, static r => (r.Preference, r.Status) = (255, StatusCode.NoAddrsAvail)));
        (await kit.NextAsync()).Type.ShouldBe(MessageType.Solicit);
    }

    [Fact]
    public async Task A_REQUEST_that_nobody_answers_ends_after_ten_tries()
    {
        await using var kit = new ClientKit();
        kit.Deliver(ClientKit.Answer(await kit.NextAsync(), MessageType.Advertise, static r => r.Preference = 255));
        for (var i = 0; i < 10; i++)
            (await kit.NextAsync(step: 1)).Type.ShouldBe(MessageType.Request);
        (await kit.NextAsync(step: 1)).Type.ShouldBe(MessageType.Solicit);
    }

    [Fact]
    public async Task Leases_are_renewed_at_T1_rebound_at_T2_and_end()
    {
        await using var kit = new ClientKit();
        await kit.BindAsync();
        var bound = kit.Time.GetUtcNow();
        var renew = await kit.NextAsync(MessageType.Renew, step: 0.5);
        (renew.At - bound).TotalSeconds.ShouldBeInRange(99, 102);
        renew.Message.Options.Contains(OptionCode.ServerId).ShouldBeTrue();
        var rebind = await kit.NextAsync(MessageType.Rebind, step: 0.5);
        (rebind.At - bound).TotalSeconds.ShouldBeInRange(159, 163);
        rebind.Message.Options.Contains(OptionCode.ServerId).ShouldBeFalse();
        (await kit.EventAsync(step: 0.5)).Reason.ShouldBe("EXPIRE6");
        (kit.Time.GetUtcNow() - bound).TotalSeconds.ShouldBeInRange(199, 206);
        (await kit.NextAsync(MessageType.Solicit)).ShouldNotBeNull();
    }

    [Fact]
    public async Task An_unknown_binding_is_requested_again()
    {
        await using var kit = new ClientKit();
        await kit.BindAsync();
        var renew = await kit.NextAsync(MessageType.Renew, step: 1);
        kit.Deliver(ClientKit.Answer(renew, MessageType.Reply, static r => r.Status = StatusCode.NoBinding));
        var request = await kit.NextAsync(MessageType.Request);
        kit.Deliver(ClientKit.Answer(request, MessageType.Reply));
        (await kit.EventAsync()).Reason.ShouldBe("RENEW6");
    }

    [Fact]
    public async Task Leases_are_given_back_at_the_end()
    {
        await using var kit = new ClientKit();
        await kit.BindAsync();
        await kit.EndAsync();
        var releasing = kit.Client.ReleaseAsync(CancellationToken.None);
        var release = await kit.NextAsync(MessageType.Release);
        kit.Deliver(ClientKit.Answer(release, MessageType.Reply));
        await releasing;
        (await kit.EventAsync()).Reason.ShouldBe("RELEASE6");
    }

    [Fact]
    [Trait("Seed", "002 client")]
    public async Task Without_option_88_there_is_no_IPv4()
    {
        await using var kit = new ClientKit(With4o6);
        var request = await kit.BindAsync();
        Protocol.Dhcp6.Options.OptionRequestOption.In(request.Message.Options).Contains(OptionCode.Dhcp4ODhcp6Server).ShouldBeTrue();
        (await kit.IsSilentAsync(50)).ShouldBeTrue();
    }

    [Fact]
    [Trait("Seed", "002 client")]
    public async Task An_empty_option_88_means_multicast()
    {
        await using var kit = new ClientKit(With4o6);
        await kit.BindAsync(static r => r.Servers = []);
        var query = await kit.NextAsync(MessageType.Dhcpv4Query);
        query.Server.ShouldBeNull();
        query.Message.TransactionId.ShouldBe(0u);
        query.Dhcp4.Type.ShouldBe(Dhcp4MessageType.Discover);
        query.Dhcp4.Options.TryGet(Dhcp4OptionCode.ClientId, out var identifier).ShouldBeTrue();
        ClientIdentifier.TryGetDuid(identifier, out var duid).ShouldBeTrue();
        duid.ToArray().ShouldBe(ClientKit.Duid1);
    }

    [Fact]
    [Trait("Seed", "002 client")]
    public async Task The_addresses_of_option_88_are_all_asked()
    {
        Ipv6Address[] servers = [new(1001), new(1002)];
        await using var kit = new ClientKit(With4o6);
        await kit.BindAsync(r => r.Servers = servers);
        var first = await kit.NextAsync(MessageType.Dhcpv4Query);
        var second = await kit.NowAsync();
        new[] { first.Server, second.Server }.ShouldBe([servers[0], servers[1]]);
        second.Octets.ShouldBe(first.Octets);
    }

    [Fact]
    [Trait("Seed", "002 client")]
    public async Task A_response_that_holds_no_DHCPv4_message_or_several_is_discarded()
    {
        await using var kit = new ClientKit(With4o6);
        await kit.BindAsync(static r => r.Servers = []);
        var discover = await kit.NextAsync(MessageType.Dhcpv4Query);
        var offer = ClientKit.Response(discover, Dhcp4MessageType.Offer, "192.0.2.10");
        kit.Deliver(offer[..4]);
        kit.Deliver([.. offer, .. offer[4..]]);
        kit.Deliver([.. offer[..4], 0, 87, 0, 3, 1, 2, 3]);
        (await kit.NextAsync(MessageType.Dhcpv4Query)).Dhcp4.Type.ShouldBe(Dhcp4MessageType.Discover);
        kit.Client.Stray.ShouldBe(3);
    }

    [Fact]
    [Trait("Seed", "002 client")]
    public async Task DISCOVER_is_sent_again_as_RFC_2131_says()
    {
        await using var kit = new ClientKit(With4o6);
        await kit.BindAsync(static r => (r.Servers, r.T1, r.T2, r.Valid) = ([], 9000, 9500, 10_000));
        var first = await kit.NextAsync(MessageType.Dhcpv4Query);
        var second = await kit.NextAsync(MessageType.Dhcpv4Query);
        var third = await kit.NextAsync(MessageType.Dhcpv4Query);
        (second.At - first.At).TotalSeconds.ShouldBeInRange(3.0, 5.4);
        (third.At - second.At).TotalSeconds.ShouldBeInRange(7.0, 9.4);
    }

    [Fact]
    [Trait("Seed", "002 client")]
    public async Task A_lease_is_bound_renewed_with_flag_U_rebound_without_and_ends()
    {
        await using var kit = new ClientKit(With4o6);
        await Bind4Async(kit);
        var bound = kit.Time.GetUtcNow();
        var renewing = await kit.NextAsync(MessageType.Dhcpv4Query, step: 2);
        (renewing.At - bound).TotalSeconds.ShouldBeInRange(495, 510);
        renewing.Message.TransactionId.ShouldBe(Dhcp6Message.UnicastFlag);
        renewing.Dhcp4.ClientAddress.ToString().ShouldBe("192.0.2.10");
        renewing.Dhcp4.Options.Contains(Dhcp4OptionCode.ServerId).ShouldBeFalse();
        renewing.Dhcp4.Options.Contains(Dhcp4OptionCode.RequestedAddress).ShouldBeFalse();
        Sent rebinding;
        do
            rebinding = await kit.NextAsync(MessageType.Dhcpv4Query, step: 2);
        while (rebinding.Message.TransactionId != 0);
        (rebinding.At - bound).TotalSeconds.ShouldBeInRange(870, 885);
        (await kit.EventAsync(step: 2)).Reason.ShouldBe("EXPIRE4");
        // What the client sent before the lease ended may still be in the queue.
        var begun = rebinding;
        while (!begun.Dhcp4.ClientAddress.IsUnspecified)
            begun = await kit.NextAsync(MessageType.Dhcpv4Query, step: 2);
        begun.Dhcp4.Type.ShouldBe(Dhcp4MessageType.Discover);
    }

    [Fact]
    public async Task The_leased_address_is_the_tunnel_source_and_what_the_server_says_is_told()
    {
        await using var kit = new ClientKit(With4o6);
        var told = await Bind4Async(kit);
        told.Facts["ip_address"].ShouldBe("192.0.2.10");
        told.Facts["tunnel_source"].ShouldBe("2001:db8:1::77");
        told.Facts["lease_time"].ShouldBe("1000");
    }

    [Fact]
    public async Task A_refused_request_begins_anew()
    {
        await using var kit = new ClientKit(With4o6);
        await kit.BindAsync(static r => (r.Servers, r.T1, r.T2, r.Valid) = ([], 9000, 9500, 10_000));
        kit.Deliver(ClientKit.Response(await kit.NextAsync(MessageType.Dhcpv4Query), Dhcp4MessageType.Offer, "192.0.2.10"));
        kit.Deliver(ClientKit.Response(await kit.NextAsync(MessageType.Dhcpv4Query), Dhcp4MessageType.Nak, "192.0.2.10"));
        (await kit.NextAsync(MessageType.Dhcpv4Query)).Dhcp4.Type.ShouldBe(Dhcp4MessageType.Discover);
    }

    [Fact]
    [Trait("Seed", "002 client")]
    public async Task IPv4_ends_when_option_88_is_gone()
    {
        await using var kit = new ClientKit(With4o6);
        await Bind4Async(kit, t1: 100, t2: 900, valid: 1000);
        kit.Deliver(ClientKit.Answer(await kit.NextAsync(MessageType.Renew, step: 1), MessageType.Reply, static r => (r.T1, r.T2, r.Valid) = (9000, 9500, 10_000)));
        var reasons = new List<string> { (await kit.EventAsync()).Reason, (await kit.EventAsync()).Reason };
        reasons.ShouldBe(["RENEW6", "STOP4"]);
        (await kit.IsSilentAsync(600)).ShouldBeTrue();
    }

    [Fact]
    public async Task The_IPv4_lease_is_given_back_first()
    {
        await using var kit = new ClientKit(With4o6);
        await Bind4Async(kit);
        await kit.EndAsync();
        var releasing = kit.Client.ReleaseAsync(CancellationToken.None);
        var release = await kit.NextAsync();
        release.Dhcp4.Type.ShouldBe(Dhcp4MessageType.Release);
        release.Dhcp4.ClientAddress.ToString().ShouldBe("192.0.2.10");
        release.Message.TransactionId.ShouldBe(Dhcp6Message.UnicastFlag);
        kit.Deliver(ClientKit.Answer(await kit.NextAsync(MessageType.Release), MessageType.Reply));
        await releasing;
    }

    private static async Task<ClientEvent> Bind4Async(ClientKit kit, uint t1 = 9000, uint t2 = 9500, uint valid = 10_000)
    {
        await kit.BindAsync(r => (r.Servers, r.T1, r.T2, r.Valid) = ([], t1, t2, valid));
        kit.Deliver(ClientKit.Response(await kit.NextAsync(MessageType.Dhcpv4Query), Dhcp4MessageType.Offer, "192.0.2.10"));
        var request = await kit.NextAsync(MessageType.Dhcpv4Query);
        request.Dhcp4.Type.ShouldBe(Dhcp4MessageType.Request);
        kit.Deliver(ClientKit.Response(request, Dhcp4MessageType.Ack, "192.0.2.10"));
        var told = await kit.EventAsync();
        told.Reason.ShouldBe("BOUND4");
        return told;
    }
}

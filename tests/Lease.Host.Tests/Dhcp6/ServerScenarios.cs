using Lease.Actors.Dhcp6;
using Lease.Kernel.Persistence;
using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Testing;

namespace Lease.Host.Tests.Dhcp6;

/// <summary>What RFC 8415 section 18.3 demands of a server, over real sockets and a real store.</summary>
public sealed class ServerScenarios
{
    private const string Basic = """
        "valid-lifetime": 4000, "preferred-lifetime": 3000,
        "option-data": [{"name": "dns-servers", "data": "2001:db8::53"}],
        "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::1000-2001:db8:1::1fff"}],
          "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56}]}]
        """;

    private static readonly Ipv6Prefix Pool = new(Ipv6(0x20010db800010000, 0x1000), 116);

    [Fact]
    public async Task A_client_has_at_most_256_leases_on_a_link()
    {
        await using var server = await TestServer.StartAsync(Basic);
        for (var first = 1u; first < 600; first += 200)
        {
            var client = new SimulatedClient(server.Peer(), TestServer.DuidOf(1), [.. Enumerable.Range(0, 200).Select(i => (OptionCode.IaNa, first + (uint)i))]);
            (await client.BindAsync()).ShouldNotBeNull();
        }

        (await server.LeasesAsync()).Count(static l => l.State == LeaseState.Active).ShouldBe(256);
        using var stop = new CancellationTokenSource();
        var greedy = new ClientRequest
        {
            Type = MessageType.Solicit,
            ClientId = TestServer.DuidOf(2),
            Associations = [.. Enumerable.Range(0, 257).Select(static i => (OptionCode.IaNa, (uint)i))],
        };
        var exchange = server.Peer().ExchangeAsync(greedy, cancellation: stop.Token);
        await Eventually.TrueAsync(() => Task.FromResult(server.Server.Counters.Dropped(Dhcp6Drop.TooManyIas) > 0), "it is dropped");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(exchange);
    }

    [Fact]
    [Trait("RFC", "8415 18.3.1")]
    public async Task Solicit_and_request_give_an_address_and_a_prefix()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var reply = await server.Client(OptionCode.IaNa, OptionCode.IaPd).BindAsync();
        reply.ShouldNotBeNull();
        reply.Type.ShouldBe(MessageType.Reply);
        var (na, pd) = (reply.Associations[0], reply.Associations[1]);
        Pool.Contains(na.Leases.ShouldHaveSingleItem().Prefix).ShouldBeTrue();
        (na.Leases[0].Preferred, na.Leases[0].Valid).ShouldBe((3000u, 4000u));
        (na.T1, na.T2).ShouldBe((1500u, 2400u));
        pd.Leases.ShouldHaveSingleItem().Prefix.Length.ShouldBe((byte)56);
        (await server.LeasesAsync()).Count(static l => l.State == LeaseState.Active).ShouldBe(2);
    }

    [Fact]
    public async Task An_advertised_lease_is_not_stored_and_the_reply_gives_the_same()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var peer = server.Peer();
        var request = new ClientRequest { Type = MessageType.Solicit, ClientId = TestServer.DuidOf(7), Associations = [(OptionCode.IaNa, 1)] };
        var offer = (await peer.ExchangeAsync(request)).ShouldNotBeNull();
        offer.Type.ShouldBe(MessageType.Advertise);
        (await server.LeasesAsync()).ShouldBeEmpty();
        var reply = await peer.ExchangeAsync(request with { Type = MessageType.Request, ServerId = offer.ServerId, Leases = [.. offer.Leases] });
        reply.ShouldNotBeNull().Leases.Single().Prefix.ShouldBe(offer.Leases.Single().Prefix);
    }

    [Fact]
    public async Task Rapid_commit_needs_the_option_and_the_configuration()
    {
        await using var server = await TestServer.StartAsync("\"rapid-commit\": true, " + Basic);
        var reply = (await server.Client().BindAsync(rapidCommit: true)).ShouldNotBeNull();
        reply.Option(OptionCode.RapidCommit).ShouldNotBeNull();
        await using var without = await TestServer.StartAsync(Basic);
        var client = without.Client();
        var offer = await without.Peer().ExchangeAsync(client.Request(MessageType.Solicit) with { RapidCommit = true });
        offer.ShouldNotBeNull().Type.ShouldBe(MessageType.Advertise);
    }

    [Fact]
    [Trait("RFC", "8415 18.3.4")]
    public async Task Renew_extends_the_lease()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var client = server.Client();
        var first = (await client.BindAsync()).ShouldNotBeNull().Leases.Single();
        server.Time.Advance(TimeSpan.FromSeconds(1500));
        var reply = (await client.RenewAsync()).ShouldNotBeNull();
        reply.Leases.Single().ShouldBe(first);
        server.Time.Advance(TimeSpan.FromSeconds(3000));
        (await client.RenewAsync()).ShouldNotBeNull().Leases.Single().Valid.ShouldBe(4000u);
    }

    [Theory]
    [InlineData(MessageType.Renew)]
    [InlineData(MessageType.Rebind)]
    public async Task Extending_an_unknown_binding_returns_NoBinding(MessageType type)
    {
        await using var server = await TestServer.StartAsync(Basic);
        var known = (await server.Client().BindAsync()).ShouldNotBeNull();
        var stranger = server.Client().Request(type) with
        {
            ServerId = type == MessageType.Renew ? known.ServerId : default,
            Leases = [new ClientLease(OptionCode.IaNa, 1, new Ipv6Prefix(Ipv6(0x20010db800010000, 0x1777), 128))],
        };
        var reply = (await server.Peer().ExchangeAsync(stranger)).ShouldNotBeNull();
        reply.Associations.Single().Status.ShouldBe(StatusCode.NoBinding);
    }

    [Fact]
    [Trait("RFC", "8415 18.3.5")]
    public async Task Rebind_of_an_address_off_link_takes_it_away()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var elsewhere = new ClientLease(OptionCode.IaNa, 1, new Ipv6Prefix(Ipv6(0x20010db8ffff0000, 1), 128));
        var reply = await server.Peer().ExchangeAsync(server.Client().Request(MessageType.Rebind) with { Leases = [elsewhere] });
        reply.ShouldNotBeNull().Leases.Single().Valid.ShouldBe(0u);
    }

    [Fact]
    [Trait("RFC", "8415 18.3.2")]
    public async Task Request_of_an_address_off_link_returns_NotOnLink()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var client = server.Client();
        var offer = (await server.Peer().ExchangeAsync(client.Request(MessageType.Solicit))).ShouldNotBeNull();
        var elsewhere = new ClientLease(OptionCode.IaNa, 1, new Ipv6Prefix(Ipv6(0x20010db8ffff0000, 1), 128));
        var reply = await server.Peer().ExchangeAsync(client.Request(MessageType.Request) with { ServerId = offer.ServerId, Leases = [elsewhere] });
        reply.ShouldNotBeNull().Associations.Single().Status.ShouldBe(StatusCode.NotOnLink);
    }

    [Fact]
    [Trait("RFC", "8415 18.3.3")]
    public async Task Confirm_tells_whether_the_addresses_fit_the_link()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var client = server.Client();
        await client.BindAsync();
        (await client.ConfirmAsync()).ShouldNotBeNull().Status.ShouldBe(StatusCode.Success);
        var elsewhere = new ClientLease(OptionCode.IaNa, 1, new Ipv6Prefix(Ipv6(0x20010db8ffff0000, 1), 128));
        var moved = await server.Peer().ExchangeAsync(client.Request(MessageType.Confirm) with { ServerId = default, Leases = [elsewhere] });
        moved.ShouldNotBeNull().Status.ShouldBe(StatusCode.NotOnLink);
    }

    [Fact]
    [Trait("RFC", "8415 18.3.7")]
    public async Task A_released_address_is_free_and_the_client_gets_it_again()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var client = server.Client();
        var first = (await client.BindAsync()).ShouldNotBeNull().Leases.Single().Prefix;
        (await client.ReleaseAsync()).ShouldNotBeNull().Status.ShouldBe(StatusCode.Success);
        (await server.LeasesAsync()).Single().State.ShouldBe(LeaseState.Free);
        (await client.BindAsync()).ShouldNotBeNull().Leases.Single().Prefix.ShouldBe(first);
    }

    [Fact]
    public async Task Release_of_an_unknown_association_returns_NoBinding_for_it()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var client = server.Client();
        var bound = (await client.BindAsync()).ShouldNotBeNull();
        var wrong = client.Request(MessageType.Release) with { Associations = [(OptionCode.IaNa, 99)], Leases = [] };
        var reply = (await server.Peer().ExchangeAsync(wrong with { ServerId = bound.ServerId })).ShouldNotBeNull();
        reply.Status.ShouldBe(StatusCode.Success);
        reply.Associations.Single().Status.ShouldBe(StatusCode.NoBinding);
    }

    [Fact]
    [Trait("RFC", "8415 18.3.8")]
    public async Task A_declined_address_is_nobodys_until_its_probation_ends()
    {
        await using var server = await TestServer.StartAsync("\"decline-probation-period\": 100, " + Basic.Replace("1fff", "1000", StringComparison.Ordinal));
        var client = server.Client();
        await client.BindAsync();
        (await client.DeclineAsync()).ShouldNotBeNull().Status.ShouldBe(StatusCode.Success);
        (await server.LeasesAsync()).Single().State.ShouldBe(LeaseState.Declined);
        (await server.Client().BindAsync()).ShouldNotBeNull().Associations.Single().Status.ShouldBe(StatusCode.NoAddrsAvail);
        server.Time.Advance(TimeSpan.FromSeconds(101));
        await Eventually.TrueAsync(async () => (await server.LeasesAsync()).Single().State == LeaseState.Free, "the probation ends");
    }

    [Fact]
    public async Task Of_more_declined_addresses_than_a_quarter_of_the_pool_the_oldest_come_back()
    {
        await using var server = await TestServer.StartAsync(Basic.Replace("1fff", "100f", StringComparison.Ordinal));
        var declined = new List<Ipv6Prefix>();
        for (var number = 1; number <= 10; number++)
        {
            var client = server.Client();
            declined.Add((await client.BindAsync()).ShouldNotBeNull().Leases.Single().Prefix);
            (await client.DeclineAsync()).ShouldNotBeNull();
        }

        await Eventually.TrueAsync(async () => await CountDeclinedAsync(server) == 4, "the others come back");
        var kept = (await server.LeasesAsync()).Where(static l => l.State == LeaseState.Declined).Select(static l => l.Key.Address);
        kept.ShouldBe(declined.TakeLast(4).Select(static p => p.First.Value), ignoreOrder: true);
        server.Time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(async () => await CountDeclinedAsync(server) == 0, "their probation ends");
    }

    private static async Task<int> CountDeclinedAsync(TestServer server)
        => (await server.LeasesAsync()).Count(static l => l.State == LeaseState.Declined);

    [Fact]
    public async Task An_expired_lease_is_an_event_and_frees_the_address()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var client = server.Client();
        var first = (await client.BindAsync()).ShouldNotBeNull().Leases.Single().Prefix;
        server.Time.Advance(TimeSpan.FromSeconds(4001));
        await Eventually.TrueAsync(async () => (await server.LeasesAsync()).Single().State == LeaseState.Free, "the lease expires");
        (await client.BindAsync()).ShouldNotBeNull().Leases.Single().Prefix.ShouldBe(first);
    }

    [Fact]
    public async Task A_binding_is_forgotten_some_time_after_its_last_lease_ended()
    {
        await using var server = await TestServer.StartAsync("\"expired-leases-processing\": {\"hold-reclaimed-time\": 60}, " + Basic, leasequery: "\"retention\": {\"age\": 60}");
        await server.Client().BindAsync();
        server.Time.Advance(TimeSpan.FromSeconds(4001));
        await Eventually.TrueAsync(async () => (await server.LeasesAsync()).Single().State == LeaseState.Free, "the lease expires");
        server.Time.Advance(TimeSpan.FromSeconds(62));
        await Eventually.TrueAsync(async () => (await server.LeasesAsync()).Count == 0, "the binding is forgotten");
    }

    [Fact]
    public async Task Every_lease_is_there_after_a_restart()
    {
        var server = await TestServer.StartAsync(Basic);
        var leases = new Dictionary<int, Ipv6Prefix>();
        for (var i = 1; i <= 20; i++)
            leases[i] = (await server.Client(i).BindAsync()).ShouldNotBeNull().Leases.Single().Prefix;
        var directory = await server.StopAsync();
        await using var restarted = await TestServer.StartAsync(Basic, directory, server.Time);
        foreach (var (number, lease) in leases)
            (await restarted.Client(number).BindAsync()).ShouldNotBeNull().Leases.Single().Prefix.ShouldBe(lease);
        (await restarted.LeasesAsync()).Count.ShouldBe(20);
    }

    [Fact]
    public async Task A_pool_is_used_up_to_its_last_address_and_prefix()
    {
        await using var server = await TestServer.StartAsync("""
            "subnet6": [{"subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::/121"}],
              "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 50, "delegated-len": 56}]}]
            """);
        var seen = new HashSet<Ipv6Prefix>();
        for (var i = 1; i <= 128; i++)
        {
            var reply = (await server.Client(i, OptionCode.IaNa, OptionCode.IaPd).BindAsync()).ShouldNotBeNull();
            foreach (var lease in reply.Leases)
                seen.Add(lease.Prefix).ShouldBeTrue($"{lease.Prefix} was given twice");
            reply.Associations[0].Status.ShouldBe(StatusCode.Success, $"client {i}");
            reply.Associations[1].Status.ShouldBe(i <= 64 ? StatusCode.Success : StatusCode.NoPrefixAvail, $"client {i}");
        }

        seen.Count.ShouldBe(128 + 64);
        var last = (await server.Client(999, OptionCode.IaNa, OptionCode.IaPd).BindAsync()).ShouldNotBeNull();
        last.Associations[0].Status.ShouldBe(StatusCode.NoAddrsAvail);
    }

    [Fact]
    public async Task Several_associations_get_a_lease_each()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var reply = (await server.Client(OptionCode.IaNa, OptionCode.IaNa, OptionCode.IaTa, OptionCode.IaPd, OptionCode.IaPd).BindAsync()).ShouldNotBeNull();
        reply.Leases.Select(static l => l.Prefix).Distinct().Count().ShouldBe(5);
    }

    [Fact]
    public async Task A_free_address_that_the_client_asks_for_is_given()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var wanted = new ClientLease(OptionCode.IaNa, 1, new Ipv6Prefix(Ipv6(0x20010db800010000, 0x1abc), 128));
        var client = server.Client();
        var offer = await server.Peer().ExchangeAsync(client.Request(MessageType.Solicit) with { Leases = [wanted] });
        offer.ShouldNotBeNull().Leases.Single().Prefix.ShouldBe(wanted.Prefix);
        var reply = await server.Peer().ExchangeAsync(client.Request(MessageType.Request) with { ServerId = offer.ServerId, Leases = [wanted] });
        reply.ShouldNotBeNull().Leases.Single().Prefix.ShouldBe(wanted.Prefix);
        var other = await server.Peer().ExchangeAsync(server.Client().Request(MessageType.Solicit) with { Leases = [wanted] });
        other.ShouldNotBeNull().Leases.Single().Prefix.ShouldNotBe(wanted.Prefix);
    }

    [Fact]
    public async Task Options_come_from_the_most_specific_level_and_only_when_asked_for()
    {
        await using var server = await TestServer.StartAsync("""
            "option-data": [{"name": "dns-servers", "data": "2001:db8::1"}, {"name": "sntp-servers", "data": "2001:db8::5"}, {"name": "preference", "data": "7"}],
            "subnet6": [{"subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::1000-2001:db8:1::1fff",
              "option-data": [{"name": "dns-servers", "data": "2001:db8::3"}]}],
              "option-data": [{"name": "dns-servers", "data": "2001:db8::2"}, {"name": "domain-search", "data": "example.org", "always-send": true}],
              "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:63", "option-data": [{"name": "dns-servers", "data": "2001:db8::4"}]}]}]
            """);
        var client = new SimulatedClient(server.Peer(), TestServer.DuidOf(1), [(OptionCode.IaNa, 1)]) { Requested = [OptionCode.DnsServers] };
        var reply = (await client.BindAsync()).ShouldNotBeNull();
        reply.Option(OptionCode.DnsServers)![15].ShouldBe((byte)3);
        reply.Option(OptionCode.DomainList).ShouldNotBeNull();
        reply.Option(OptionCode.SntpServers).ShouldBeNull();
        var reserved = new SimulatedClient(server.Peer(), TestServer.DuidOf(0x63), [(OptionCode.IaNa, 1)]) { Requested = [OptionCode.DnsServers] };
        (await reserved.BindAsync()).ShouldNotBeNull().Option(OptionCode.DnsServers)![15].ShouldBe((byte)4);
        var offer = await server.Peer().ExchangeAsync(client.Request(MessageType.Solicit) with { ServerId = default });
        offer.ShouldNotBeNull().Option(OptionCode.Preference).ShouldBe([7]);
    }

    [Fact]
    public async Task A_reservation_is_given_to_its_client_and_to_nobody_else()
    {
        await using var server = await TestServer.StartAsync("""
            "subnet6": [{"subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::1000-2001:db8:1::1001"}],
              "reservations": [
                {"hw-address": "02:00:00:00:00:01", "ip-addresses": ["2001:db8:1::1000"], "prefixes": ["2001:db8:9000::/56"]},
                {"duid": "00:03:00:01:02:00:00:00:00:02", "ip-addresses": ["2001:db8:1::beef"]}]}]
            """);
        var dynamicClient = (await server.Client(50).BindAsync()).ShouldNotBeNull();
        dynamicClient.Leases.Single().Prefix.Address.ToString().ShouldBe("2001:db8:1::1001");
        (await server.Client(51).BindAsync()).ShouldNotBeNull().Associations.Single().Status.ShouldBe(StatusCode.NoAddrsAvail);
        var byHardware = (await server.Client(1, OptionCode.IaNa, OptionCode.IaPd).BindAsync()).ShouldNotBeNull();
        byHardware.Leases.Select(static l => l.Prefix.ToString()).ShouldBe(["2001:db8:1::1000/128", "2001:db8:9000::/56"]);
        (await server.Client(2).BindAsync()).ShouldNotBeNull().Leases.Single().Prefix.Address.ToString().ShouldBe("2001:db8:1::beef");
    }

    [Fact]
    public async Task A_reserved_address_that_another_holds_is_given_after_that_one_renewed()
    {
        const string pool = "\"subnet6\": [{\"subnet\": \"2001:db8:1::/64\", \"interface\": \"lo\", \"pools\": [{\"pool\": \"2001:db8:1::1000-2001:db8:1::1fff\"}]";
        await using var server = await TestServer.StartAsync(pool + "}]");
        var holder = server.Client(1);
        var address = (await holder.BindAsync()).ShouldNotBeNull().Leases.Single().Prefix;
        var reserved = TestServer.Read($$"""{{pool}}, "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:02", "ip-addresses": ["{{address.Address}}"]}]}]""");
        await server.Server.ReconfigureAsync(reserved);
        var owner = server.Client(2);
        (await owner.BindAsync()).ShouldNotBeNull().Leases.Single(static l => l.Valid > 0).Prefix.ShouldNotBe(address);
        var moved = (await holder.RenewAsync()).ShouldNotBeNull();
        moved.Leases.Single(l => l.Prefix == address).Valid.ShouldBe(0u);
        moved.Leases.Single(static l => l.Valid > 0).Prefix.ShouldNotBe(address);
        (await owner.RenewAsync()).ShouldNotBeNull().Leases.Single(static l => l.Valid > 0).Prefix.ShouldBe(address);
    }

    [Fact]
    public async Task Cache_threshold_answers_an_early_renewal_with_what_is_left()
    {
        await using var server = await TestServer.StartAsync("\"cache-threshold\": 0.25, " + Basic);
        var client = server.Client();
        await client.BindAsync();
        var before = server.Server.Store.Counters.Committed;
        server.Time.Advance(TimeSpan.FromSeconds(100));
        var reply = (await client.RenewAsync()).ShouldNotBeNull();
        (reply.Leases.Single().Preferred, reply.Leases.Single().Valid).ShouldBe((2900u, 3900u));
        server.Server.Store.Counters.Committed.ShouldBe(before);
        server.Time.Advance(TimeSpan.FromSeconds(1000));
        (await client.RenewAsync()).ShouldNotBeNull().Leases.Single().Valid.ShouldBe(4000u);
        server.Server.Store.Counters.Committed.ShouldBe(before + 1);
    }

    [Fact]
    [Trait("RFC", "8415 18.3.6")]
    public async Task Information_request_gets_options_and_no_leases()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var request = new ClientRequest { Type = MessageType.InformationRequest, Requested = [OptionCode.DnsServers] };
        var reply = (await server.Peer().ExchangeAsync(request)).ShouldNotBeNull();
        reply.Type.ShouldBe(MessageType.Reply);
        reply.Option(OptionCode.DnsServers).ShouldNotBeNull();
        reply.Associations.ShouldBeEmpty();
    }

    [Fact]
    [Trait("RFC", "8415 19.3")]
    public async Task A_relayed_answer_goes_back_through_every_relay()
    {
        await using var server = await TestServer.StartAsync("""
            "subnet6": [
              {"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::1000-2001:db8:1::1fff"}]},
              {"id": 2, "subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2::1000-2001:db8:2::1fff"}]},
              {"id": 3, "subnet": "2001:db8:3::/64", "interface-id": "port-7", "pools": [{"pool": "2001:db8:3::1000-2001:db8:3::1fff"}]},
              {"id": 4, "subnet": "2001:db8:4::/64", "relay": {"ip-addresses": ["2001:db8:ffff::1"]}, "pools": [{"pool": "2001:db8:4::1000-2001:db8:4::1fff"}]}]
            """);
        var near = new RelayHop(Ipv6(0x20010db800020000, 1), Ipv6(0xfe80000000000000, 9), [(OptionCode.InterfaceId, "eth7"u8.ToArray())]);
        var far = new RelayHop(default, Ipv6(0xfe80000000000000, 1), [(OptionCode.RelaySourcePort, [0, 0]), (OptionCode.RemoteId, [0, 0, 0, 1, 9])]);
        var client = new SimulatedClient(server.Peer(), TestServer.DuidOf(1), [(OptionCode.IaNa, 1)]) { Relays = [near, far] };
        var reply = (await client.BindAsync()).ShouldNotBeNull();
        reply.Leases.Single().Prefix.Address.ToString().ShouldStartWith("2001:db8:2::");
        reply.Relays.Hops.Count.ShouldBe(2);
        new RelayMessage(reply.Relays.Hops[1]).Options.TryGet(OptionCode.InterfaceId, out var echoed).ShouldBeTrue();
        echoed.ToArray().ShouldBe("eth7"u8.ToArray());
        new RelayMessage(reply.Relays.Hops[1]).PeerAddress.ShouldBe(near.PeerAddress);
        new RelayMessage(reply.Relays.Hops[0]).Options.Contains(OptionCode.RelaySourcePort).ShouldBeTrue();
        await foreach (var binding in server.Server.Store.ReadBindingsAsync(CancellationToken.None))
            binding.Row.RemoteId!.Value.ToArray().ShouldBe([0, 0, 0, 1, 9]);

        var byInterfaceId = new RelayHop(default, default, [(OptionCode.InterfaceId, "port-7"u8.ToArray())]);
        (await RelayedAsync(server, 2, byInterfaceId)).ShouldStartWith("2001:db8:3::");
        (await RelayedAsync(server, 3, new RelayHop(Ipv6(0x20010db8ffff0000, 1), default, []))).ShouldStartWith("2001:db8:4::");
    }

    [Fact]
    public async Task A_shared_network_goes_on_to_its_next_subnet()
    {
        await using var server = await TestServer.StartAsync("""
            "shared-networks": [{"name": "town", "interface": "lo", "subnet6": [
              {"subnet": "2001:db8:1::/64", "pools": [{"pool": "2001:db8:1::1-2001:db8:1::2"}]},
              {"subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2::1-2001:db8:2::2"}]}]}]
            """);
        var addresses = new HashSet<string>();
        for (var i = 1; i <= 4; i++)
            addresses.Add((await server.Client(i).BindAsync()).ShouldNotBeNull().Leases.Single().Prefix.Address.ToString());
        addresses.ShouldBe(["2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::1", "2001:db8:2::2"], ignoreOrder: true);
    }

    [Fact]
    public async Task Malformed_and_misdirected_packets_are_counted_and_not_answered()
    {
        await using var server = await TestServer.StartAsync(Basic);
        var peer = server.Peer();
        await peer.SendAsync(new byte[] { 1, 0, 0 });
        await peer.SendAsync(new byte[] { 1, 0, 0, 1, 0, 1, 255, 255 });
        await peer.SendAsync(new byte[] { 2, 0, 0, 1 });
        await peer.SendAsync(new byte[] { 1, 0, 0, 1 });
        await peer.ExchangeAsync(new ClientRequest { Type = MessageType.InformationRequest });
        var counters = server.Server.Counters;
        counters.Dropped(Lease.Actors.Dhcp6.Dhcp6Drop.Malformed).ShouldBe(2);
        counters.Dropped(Lease.Actors.Dhcp6.Dhcp6Drop.NotForServers).ShouldBe(1);
        counters.Dropped(Lease.Actors.Dhcp6.Dhcp6Drop.NoClientId).ShouldBe(1);
        peer.Stray.ShouldBe(0);
    }

    [Fact]
    public async Task The_same_DUID_is_used_after_a_restart_and_a_configured_one_wins()
    {
        var server = await TestServer.StartAsync(Basic);
        var first = (await server.Client().BindAsync()).ShouldNotBeNull().ServerId;
        var directory = await server.StopAsync();
        var again = await TestServer.StartAsync(Basic, directory);
        (await again.Client().BindAsync()).ShouldNotBeNull().ServerId.ShouldBe(first);
        await again.StopAsync();
        await using var configured = await TestServer.StartAsync("\"server-id\": {\"type\": \"LL\", \"identifier\": \"0A0B0C0D0E0F\"}, " + Basic, directory);
        (await configured.Client().BindAsync()).ShouldNotBeNull().ServerId.ShouldBe([0, 3, 0, 1, 10, 11, 12, 13, 14, 15]);
    }

    private static async Task<string> RelayedAsync(TestServer server, int number, RelayHop hop)
    {
        var client = new SimulatedClient(server.Peer(), TestServer.DuidOf(number), [(OptionCode.IaNa, 1)]) { Relays = [hop] };
        return (await client.BindAsync()).ShouldNotBeNull().Leases.Single().Prefix.Address.ToString();
    }

    private static Ipv6Address Ipv6(ulong upper, ulong lower) => new(new UInt128(upper, lower));
}

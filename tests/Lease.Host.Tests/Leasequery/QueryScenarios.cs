using Lease.Actors.Leasequery;
using Lease.Host.Tests.Dhcp6;
using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;
using Lease.Testing;

namespace Lease.Host.Tests.Leasequery;

/// <summary>What RFC 5007 section 4.3, RFC 5460 and the leasequery draft (sections 4.4 and 4.5) demand of the server: each query by UDP and by TCP, over real sockets.</summary>
public sealed class QueryScenarios
{
    public enum By
    {
        Udp,
        Bulk,
    }

    [Theory]
    [InlineData(By.Udp)]
    [InlineData(By.Bulk)]
    public async Task By_address_finds_the_holder_of_the_address_with_all_that_it_has(By by)
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        var client = server.Client(OptionCode.IaNa, OptionCode.IaPd);
        await client.BindAsync();
        await server.Client().BindAsync();
        var address = client.Leases.First(static l => l.Prefix.Length == 128).Prefix.Address;
        var found = (await AskAsync(server, by, LeasequeryRequest.ByAddress(address))).ShouldHaveSingleItem();
        found.ClientId.ShouldBe(client.Duid);
        found.Leases.Select(static l => l.Prefix).ShouldBe(client.Leases.Select(static l => l.Prefix), ignoreOrder: true);
        found.Leases.ShouldAllBe(static l => l.Valid == 4000 && l.Preferred == 3000);
        found.SinceLastTransaction.ShouldBe(0u);
    }

    [Theory]
    [InlineData(By.Udp)]
    [InlineData(By.Bulk)]
    public async Task By_address_finds_who_was_delegated_the_prefix_that_contains_it(By by)
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        var client = server.Client(OptionCode.IaPd);
        await client.BindAsync();
        var inside = new Ipv6Address(client.Leases.Single().Prefix.First.Value + 12345);
        (await AskAsync(server, by, LeasequeryRequest.ByAddress(inside))).ShouldHaveSingleItem().ClientId.ShouldBe(client.Duid);
    }

    [Theory]
    [InlineData(By.Udp)]
    [InlineData(By.Bulk)]
    public async Task Lifetimes_and_last_transaction_time_go_with_the_clock(By by)
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        var client = server.Client();
        await client.BindAsync();
        server.Time.Advance(TimeSpan.FromSeconds(1000));
        var found = (await AskAsync(server, by, LeasequeryRequest.ByClientId(client.Duid))).Single();
        (found.SinceLastTransaction, found.Leases.Single().Preferred, found.Leases.Single().Valid).ShouldBe((1000u, 2000u, 3000u));
        server.Time.Advance(TimeSpan.FromSeconds(3001));
        (await AskAsync(server, by, LeasequeryRequest.ByClientId(client.Duid))).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(By.Udp)]
    [InlineData(By.Bulk)]
    public async Task By_client_id_finds_the_client_on_one_link_or_on_all(By by)
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        var direct = server.Client(1);
        await direct.BindAsync();
        await server.RelayedClient(1).BindAsync();
        await server.Client(2).BindAsync();
        var request = LeasequeryRequest.ByClientId(direct.Duid);
        (await AskAsync(server, by, request with { Link = QueriedServer.Link1 })).Single().Leases.Single().Prefix.ShouldBe(direct.Leases.Single().Prefix);

        // Over UDP the server names the links, and the requestor asks for each (RFC 5007 section 4.1.2.5).
        (await AskAsync(server, by, request)).Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(By.Udp)]
    [InlineData(By.Bulk)]
    public async Task By_link_relay_id_remote_id_device_id_and_prefix_find_who_is_there(By by)
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        for (var i = 1; i <= 3; i++)
            await server.Client(i, OptionCode.IaNa, OptionCode.IaPd).BindAsync();
        for (var i = 4; i <= 8; i++)
            await server.RelayedClient(i).BindAsync();
        (await AskAsync(server, by, LeasequeryRequest.ByLink(default))).Count.ShouldBe(8);
        (await AskAsync(server, by, LeasequeryRequest.ByLink(QueriedServer.Link1))).Count.ShouldBe(3);
        (await AskAsync(server, by, LeasequeryRequest.ByLink(QueriedServer.Link2))).Count.ShouldBe(5);
        (await AskAsync(server, by, LeasequeryRequest.ByRelayId(QueriedServer.RelayId))).Count.ShouldBe(5);
        (await AskAsync(server, by, LeasequeryRequest.ByRelayId(QueriedServer.RelayId) with { Link = QueriedServer.Link1 })).ShouldBeEmpty();
        (await AskAsync(server, by, LeasequeryRequest.ByRemoteId(QueriedServer.RemoteId))).Count.ShouldBe(5);
        (await AskAsync(server, by, LeasequeryRequest.ByDeviceId([0, 1, 2, 0, 0, 0, 0, 4]))).Single().ClientId.ShouldBe(TestServer.DuidOf(4));
        (await AskAsync(server, by, LeasequeryRequest.ByPrefix(new Ipv6Prefix(QueriedServer.Link1, 64)))).Count.ShouldBe(3);
        (await AskAsync(server, by, LeasequeryRequest.ByPrefix(new Ipv6Prefix(QueriedServer.Address("2001:db8:8000::"), 48)))).Count.ShouldBe(3);
        var draft = LeasequeryRequest.ByPrefix(new Ipv6Prefix(QueriedServer.Link1, 60));
        (await Should.ThrowAsync<LeasequeryException>(AskAsync(server, by, draft))).Status.ShouldBe(StatusCode.NotConfigured);
    }

    [Theory]
    [InlineData(By.Udp)]
    [InlineData(By.Bulk)]
    public async Task Requested_options_come_but_not_the_sensitive_ones(By by)
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: "\"sensitive-options\": [\"18\"]");
        await server.RelayedClient(1).BindAsync();
        var request = LeasequeryRequest.ByClientId(TestServer.DuidOf(1)) with
        {
            Options = [OptionCode.LqRelayData, OptionCode.RemoteId, OptionCode.InterfaceId, OptionCode.ClientLinkLayerAddress, OptionCode.BootfileUrl],
        };
        var options = (await AskAsync(server, by, request)).Single().Options;
        new OptionList(options).TryGet(OptionCode.LqRelayData, out var data).ShouldBeTrue();
        LqRelayDataOption.TryRead(new Option(OptionCode.LqRelayData, data), out var relayData).ShouldBeTrue();
        RelayMessage.TryRead(relayData.RelayMessage, 0, out var relay, out _).ShouldBeTrue();
        relay.Options.Contains(OptionCode.RelayMessage).ShouldBeFalse();
        relay.LinkAddress.ToString().ShouldBe("2001:db8:2::1");
        new OptionList(options).TryGet(OptionCode.RemoteId, out var remote).ShouldBeTrue();
        remote.ToArray().ShouldBe(QueriedServer.RemoteId);
        new OptionList(options).TryGet(OptionCode.ClientLinkLayerAddress, out var address).ShouldBeTrue();
        address.ToArray().ShouldBe([0, 1, 2, 0, 0, 0, 0, 1]);
        new OptionList(options).Contains(OptionCode.InterfaceId).ShouldBeFalse();
        new OptionList(options).Contains(OptionCode.BootfileUrl).ShouldBeFalse();
    }

    [Theory]
    [InlineData(By.Udp)]
    [InlineData(By.Bulk)]
    public async Task What_is_not_configured_or_malformed_is_answered_with_its_status(By by)
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await StatusAsync(LeasequeryRequest.ByAddress(QueriedServer.Address("2001:db8:77::1")), StatusCode.NotConfigured);
        await StatusAsync(LeasequeryRequest.ByLink(QueriedServer.Address("2001:db8:77::")), StatusCode.NotConfigured);
        // A query by address that carries a prefix instead.
        await StatusAsync(LeasequeryRequest.ByPrefix(new Ipv6Prefix(QueriedServer.Link1, 64), new DraftCodePoints { QueryByPrefix = QueryType.ByAddress }), StatusCode.MalformedQuery);
        await StatusAsync(LeasequeryRequest.ByPrefix(new Ipv6Prefix(QueriedServer.Link1, 64), new DraftCodePoints { QueryByPrefix = (QueryType)99 }), StatusCode.UnknownQueryType);
        (await AskAsync(server, by, LeasequeryRequest.ByAddress(QueriedServer.Address("2001:db8:1::5")))).ShouldBeEmpty();

        async Task StatusAsync(LeasequeryRequest request, StatusCode status)
            => (await Should.ThrowAsync<LeasequeryException>(AskAsync(server, by, request))).Status.ShouldBe(status);
    }

    [Fact]
    public async Task A_requestor_of_the_draft_uses_the_drafts_numbers()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: "\"requestors\": [{\"from\": \"::1\", \"dialect\": \"draft\"}]");
        var client = server.Client();
        await client.BindAsync();
        var request = LeasequeryRequest.ByAddress(client.Leases.Single().Prefix.Address) with { Numbers = QueryNumbers.Draft };
        (await server.UdpAsync(request)).Single().ClientId.ShouldBe(client.Duid);
    }

    [Fact]
    public async Task A_long_answer_comes_in_pieces_that_fit_each_client_whole()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        for (var i = 1; i <= 60; i++)
            await server.Client(i, OptionCode.IaNa, OptionCode.IaPd).BindAsync();
        using var requestor = new UdpRequestor(new(System.Net.IPAddress.IPv6Loopback, server.Server.Port), QueriedServer.Requestor, TimeProvider.System, new Random(1));
        var clients = await QueriedServer.CollectAsync(requestor.QueryAsync(LeasequeryRequest.ByLink(default) with { ReplySize = 512 }, QueriedServer.Deadline()));
        clients.Select(static c => Convert.ToHexString(c.ClientId)).Distinct().Count().ShouldBe(60);
        clients.Count.ShouldBe(60);
        clients.ShouldAllBe(static c => c.Leases.Count == 2);
        requestor.Replies.ShouldBeGreaterThan(10);
    }

    [Fact]
    public async Task A_reply_size_that_fits_no_client_is_answered_TooShort_and_the_requestor_asks_again()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await server.Client(1, OptionCode.IaNa, OptionCode.IaPd).BindAsync();
        (await server.UdpAsync(LeasequeryRequest.ByLink(default) with { ReplySize = 60 })).ShouldHaveSingleItem();
        server.Server.LeasequeryCounters[LeasequeryCount.Refused].ShouldBe(1);
    }

    [Fact]
    public async Task Start_and_end_time_limit_a_bulk_answer_to_what_changed_between()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        var times = new List<DateTimeOffset>();
        for (var i = 1; i <= 3; i++)
        {
            times.Add(server.Time.GetUtcNow());
            await server.Client(i).BindAsync();
            server.Time.Advance(TimeSpan.FromSeconds(100));
        }

        var all = LeasequeryRequest.ByLink(default);
        (await server.BulkAsync(all with { StartTime = times[1] })).Count.ShouldBe(2);
        (await server.BulkAsync(all with { EndTime = times[1] })).Count.ShouldBe(2);
        (await server.BulkAsync(all with { StartTime = times[1], EndTime = times[1] })).Single().ClientId.ShouldBe(TestServer.DuidOf(2));
        (await server.BulkAsync(all with { StartTime = times[2].AddSeconds(1) })).ShouldBeEmpty();
    }

    [Fact]
    public async Task Queries_side_by_side_on_a_connection_each_get_their_answer()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        for (var i = 1; i <= 40; i++)
            await server.Client(i).BindAsync();
        await using var connection = await server.ConnectAsync();
        var asked = Enumerable.Range(0, 30).Select(i => QueriedServer.CollectAsync(
            connection.BulkAsync(i % 2 == 0 ? LeasequeryRequest.ByLink(default) : LeasequeryRequest.ByClientId(TestServer.DuidOf(i)), QueriedServer.Deadline()))).ToArray();
        var answers = await Task.WhenAll(asked);
        for (var i = 0; i < answers.Length; i++)
            answers[i].Count.ShouldBe(i % 2 == 0 ? 40 : 1);
        connection.Stray.ShouldBe(0);
    }

    [Fact]
    public async Task A_half_closed_connection_is_served_to_the_end()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        for (var i = 1; i <= 20; i++)
            await server.Client(i).BindAsync();
        await using var connection = await server.ConnectAsync();
        var asking = QueriedServer.CollectAsync(connection.BulkAsync(LeasequeryRequest.ByLink(default), QueriedServer.Deadline()));
        connection.FinishWriting();
        (await asking).Count.ShouldBe(20);
    }

    [Fact]
    public async Task Who_is_not_named_or_asks_for_what_is_forbidden_gets_nothing_and_is_counted()
    {
        await using var closed = await TestServer.StartAsync(QueriedServer.Links, leasequery: "\"requestors\": [{\"from\": \"2001:db8:5::/64\"}], \"tcp\": {\"addresses\": [\"::1\"]}");
        await NothingOverUdpAsync(closed, LeasequeryRequest.ByLink(default));
        await Should.ThrowAsync<IOException>(closed.BulkAsync(LeasequeryRequest.ByLink(default)));
        closed.Server.LeasequeryCounters[LeasequeryCount.NotNamed].ShouldBe(2);

        await using var narrow = await TestServer.StartAsync(
            QueriedServer.Links, leasequery: "\"requestors\": [{\"from\": \"::1\", \"query-types\": [\"by-address\"], \"allow\": [\"udp\", \"bulk\"]}], \"tcp\": {\"addresses\": [\"::1\"]}");
        await NothingOverUdpAsync(narrow, LeasequeryRequest.ByLink(default));
        await Should.ThrowAsync<IOException>(narrow.BulkAsync(LeasequeryRequest.ByLink(default)));
        narrow.Server.LeasequeryCounters[LeasequeryCount.NotAllowed].ShouldBe(2);
        (await narrow.UdpAsync(LeasequeryRequest.ByAddress(QueriedServer.Address("2001:db8:1::5")))).ShouldBeEmpty();
    }

    private static async Task NothingOverUdpAsync(TestServer server, LeasequeryRequest request)
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetworkV6, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp);
        socket.Connect(System.Net.IPAddress.IPv6Loopback, server.Server.Port);
        var counters = server.Server.LeasequeryCounters;
        var before = counters[LeasequeryCount.NotNamed] + counters[LeasequeryCount.NotAllowed];
        await socket.SendAsync(request.Encode(MessageType.LeaseQuery, 5, QueriedServer.Requestor));
        await Eventually.TrueAsync(() => Task.FromResult(counters[LeasequeryCount.NotNamed] + counters[LeasequeryCount.NotAllowed] > before), "counted");
        socket.Available.ShouldBe(0);
        counters[LeasequeryCount.UdpAnswered].ShouldBe(0);
    }

    private static Task<List<ClientData>> AskAsync(TestServer server, By by, LeasequeryRequest request)
        => by == By.Udp ? server.UdpAsync(request) : server.BulkAsync(request);
}

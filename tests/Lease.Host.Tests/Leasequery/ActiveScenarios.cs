using Lease.Actors.Leasequery;
using Lease.Host.Tests.Dhcp6;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp6;
using Lease.Testing;

namespace Lease.Host.Tests.Leasequery;

/// <summary>What seed 001 (RFC 7653) sections 6 to 9 demand of the server, over a real connection and a real store.</summary>
public sealed class ActiveScenarios
{
    private static readonly LeasequeryRequest Everything = LeasequeryRequest.Everything with { WithBaseTime = true };

    [Fact]
    [Trait("Seed", "001 6.2.1")]
    public async Task Changes_come_as_they_happen_and_an_end_comes_once_with_lifetimes_0()
    {
        await using var server = await TestServer.StartAsync("\"max-valid-lifetime\": 40, \"min-valid-lifetime\": 40, " + QueriedServer.Links.Replace("4000", "40", StringComparison.Ordinal).Replace("3000", "30", StringComparison.Ordinal));
        await server.Client(9).BindAsync();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await using var active = await Active.StartAsync(server, Everything);
        var begun = await active.NextAsync();
        (begun.Client, begun.Status, begun.IsLast).ShouldBe((null, null, false));
        var client = server.Client(1);
        await client.BindAsync();
        var granted = (await active.NextClientAsync()).Client!;
        granted.ClientId.ShouldBe(client.Duid);
        granted.Leases.Single().Valid.ShouldBe(40u);
        await client.RenewAsync();
        (await active.NextClientAsync()).Client!.Leases.Single().Valid.ShouldBe(40u);
        await client.ReleaseAsync();
        var ended = (await active.NextClientAsync()).Client!.Leases.Single();
        (ended.Prefix, ended.Preferred, ended.Valid).ShouldBe((granted.Leases.Single().Prefix, 0u, 0u));
        server.Time.Advance(TimeSpan.FromSeconds(41));
        var expired = (await active.NextClientAsync()).Client!;
        expired.ClientId.ShouldBe(TestServer.DuidOf(9));
        expired.Leases.Single().Valid.ShouldBe(0u);
    }

    [Fact]
    [Trait("Seed", "001 8.3.1")]
    public async Task With_a_start_time_each_changed_binding_comes_once_in_its_current_state_then_CatchUpComplete()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await server.Client(1).BindAsync();
        server.Time.Advance(TimeSpan.FromSeconds(100));
        var since = server.Time.GetUtcNow();
        var (two, three) = (server.Client(2), server.Client(3));
        await two.BindAsync();
        await three.BindAsync();
        await two.RenewAsync();
        await three.ReleaseAsync();
        await using var active = await Active.StartAsync(server, Everything with { StartTime = since });
        var updates = await active.UntilAsync(StatusCode.CatchUpComplete);
        var clients = updates.Where(static u => u.Client is not null).ToDictionary(static u => Convert.ToHexString(u.Client!.ClientId), static u => u.Client!);
        clients.Count.ShouldBe(2);
        clients[Convert.ToHexString(two.Duid)].Leases.Single().Valid.ShouldBe(4000u);
        clients[Convert.ToHexString(three.Duid)].Leases.Single().Valid.ShouldBe(0u);
        await server.Client(4).BindAsync();
        (await active.NextClientAsync()).Client!.ClientId.ShouldBe(TestServer.DuidOf(4));
    }

    [Fact]
    public async Task An_address_that_went_to_another_client_is_not_told_as_ended_in_a_catch_up()
    {
        const string OneAddress = """
            "valid-lifetime": 4000, "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::1-2001:db8:1::1"}]}]
            """;
        await using var server = await TestServer.StartAsync(OneAddress);
        var since = server.Time.GetUtcNow();
        var first = server.Client(1);
        await first.BindAsync();
        await first.ReleaseAsync();
        var second = server.Client(2);
        await second.BindAsync();
        second.Leases.ShouldHaveSingleItem();
        await using var active = await Active.StartAsync(server, Everything with { StartTime = since });
        var told = (await active.UntilAsync(StatusCode.CatchUpComplete)).Where(static u => u.Client is not null).ToList();
        told.ShouldHaveSingleItem().Client!.ClientId.ShouldBe(second.Duid);
    }

    [Fact]
    [Trait("Seed", "001 9.2")]
    public async Task A_catch_up_works_across_a_restart_of_the_server()
    {
        var server = await TestServer.StartAsync(QueriedServer.Links);
        var since = server.Time.GetUtcNow();
        await server.Client(1).BindAsync();
        await server.Client(2).BindAsync();
        var directory = await server.StopAsync();
        await using var restarted = await TestServer.StartAsync(QueriedServer.Links, directory, server.Time);
        await using var active = await Active.StartAsync(restarted, Everything with { StartTime = since });
        (await active.UntilAsync(StatusCode.CatchUpComplete)).Count(static u => u.Client is not null).ShouldBe(2);
    }

    [Fact]
    [Trait("Seed", "001 8.5.2")]
    public async Task A_start_time_before_what_is_kept_is_answered_DataMissing_and_updates_go_on()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: "\"retention\": {\"age\": 60}");
        var since = server.Time.GetUtcNow();
        await server.Client(1).BindAsync();
        server.Time.Advance(TimeSpan.FromSeconds(200));
        await using var active = await Active.StartAsync(server, Everything with { StartTime = since });
        var reply = await active.NextAsync();
        (reply.Client, reply.Status, reply.BaseTime).ShouldBe((null, StatusCode.DataMissing, DhcpTime.ToSeconds(server.Time.GetUtcNow())));
        await server.Client(2).BindAsync();
        (await active.NextClientAsync()).Client!.ClientId.ShouldBe(TestServer.DuidOf(2));
        server.Server.LeasequeryCounters[LeasequeryCount.DataMissing].ShouldBe(1);
    }

    [Fact]
    [Trait("Seed", "001 9.2")]
    public async Task An_end_time_is_malformed_and_an_active_service_that_is_off_says_NotSupported()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await using var active = await Active.StartAsync(server, Everything with { EndTime = server.Time.GetUtcNow() });
        (await active.EndAsync()).Status.ShouldBe(StatusCode.MalformedQuery);
        await using var without = await TestServer.StartAsync(QueriedServer.Links, leasequery: "\"active\": false");
        await using var refused = await Active.StartAsync(without, Everything);
        (await refused.EndAsync()).Status.ShouldBe(StatusCode.NotSupported);
    }

    [Fact]
    [Trait("Seed", "001 9.4")]
    public async Task A_server_that_stops_says_QueryTerminated_with_the_base_time()
    {
        var server = await TestServer.StartAsync(QueriedServer.Links);
        await using var active = await Active.StartAsync(server, Everything);
        await active.NextAsync();
        await server.DisposeAsync();
        (await active.EndAsync()).Status.ShouldBe(StatusCode.QueryTerminated);
        active.Last!.BaseTime.ShouldNotBeNull();
    }

    [Fact]
    [Trait("Seed", "001 8.3")]
    public async Task An_idle_connection_is_told_that_it_lives_with_a_base_time_that_goes_on()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await using var active = await Active.StartAsync(server, Everything);
        await active.NextAsync();
        var began = active.Last!.BaseTime!.Value;

        // The connection may still be busy with what it sent before.
        var next = active.NextAsync();
        await Eventually.TrueAsync(
            () =>
            {
                server.Time.Advance(TimeSpan.FromSeconds(5));
                return Task.FromResult(next.IsCompleted);
            },
            "told that it lives");
        var idle = await next;
        (idle.Client, idle.Status).ShouldBe((null, null));
        idle.BaseTime.ShouldNotBeNull().ShouldBeGreaterThanOrEqualTo(began);
    }

    [Fact]
    [Trait("Seed", "001 6.2.1")]
    public async Task Filters_let_through_only_what_was_asked_for()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await using var byLink = await Active.StartAsync(server, LeasequeryRequest.ByLink(QueriedServer.Link2));
        await using var byClient = await Active.StartAsync(server, LeasequeryRequest.ByClientId(TestServer.DuidOf(2)));
        await using var byRelay = await Active.StartAsync(server, LeasequeryRequest.ByRelayId(QueriedServer.RelayId));
        await using var byRemote = await Active.StartAsync(server, LeasequeryRequest.ByRemoteId(QueriedServer.RemoteId));
        await byLink.NextAsync();
        await byClient.NextAsync();
        await byRelay.NextAsync();
        await byRemote.NextAsync();
        await server.Client(1).BindAsync();
        await server.Client(2).BindAsync();
        await server.RelayedClient(3).BindAsync();
        (await byClient.NextClientAsync()).Client!.ClientId.ShouldBe(TestServer.DuidOf(2));
        foreach (var relayed in (Active[])[byLink, byRelay, byRemote])
            (await relayed.NextClientAsync()).Client!.ClientId.ShouldBe(TestServer.DuidOf(3));
    }

    [Fact]
    [Trait("Seed", "001 9.3")]
    public async Task A_bulk_query_runs_beside_an_active_one_on_the_same_connection()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await server.Client(1).BindAsync();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await using var active = await Active.StartAsync(server, Everything);
        await active.NextAsync();
        (await QueriedServer.CollectAsync(active.Connection.BulkAsync(LeasequeryRequest.ByLink(default), QueriedServer.Deadline()))).Count.ShouldBe(1);
        await server.Client(2).BindAsync();
        (await active.NextClientAsync()).Client!.ClientId.ShouldBe(TestServer.DuidOf(2));
    }
}

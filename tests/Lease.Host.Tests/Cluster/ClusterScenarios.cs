using System.Text.RegularExpressions;
using Lease.Host.Tests.Dhcp6;
using Lease.Host.Tests.Leasequery;
using Lease.Kernel.TestKit;
using Lease.Peers.Dhcp6;
using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Storage.Tests;
using Lease.Testing;

namespace Lease.Host.Tests.Cluster;

/// <summary>What several nodes on one PostgreSQL database do together, over real sockets.</summary>
public sealed class ClusterScenarios(PostgresServer postgres)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private const int Clients = 24;

    [Fact]
    public async Task Any_node_takes_any_packet_and_the_owner_answers_through_it()
    {
        await using var cluster = await ClusterKit.StartAsync(postgres, nodes: 3);
        for (var number = 1; number <= Clients; number++)
        {
            var client = cluster.Nodes[number % 3].Client(number, OptionCode.IaNa, OptionCode.IaPd);
            (await client.BindAsync())!.Type.ShouldBe(MessageType.Reply);
            (await client.RenewAsync())!.Type.ShouldBe(MessageType.Reply);
            var lease = client.Leases[0].Prefix;

            // The same client at another node.
            var moved = cluster.Nodes[(number + 1) % 3].Client(number, OptionCode.IaNa, OptionCode.IaPd);
            (await moved.BindAsync())!.ServerId.ShouldBe((await client.RenewAsync())!.ServerId);
            moved.Leases[0].Prefix.ShouldBe(lease);
        }

        var relayed = cluster.Nodes[0].RelayedClient(99);
        (await relayed.BindAsync())!.Type.ShouldBe(MessageType.Reply);
        Sum(cluster, "link.packets-sent").ShouldBeGreaterThan(Clients);
        Sum(cluster, "link.replies-received").ShouldBe(Sum(cluster, "link.replies-sent"));
        (await cluster.Nodes[0].LeasesAsync()).Select(static l => l.Key).Distinct().Count().ShouldBe((2 * Clients) + 1);
    }

    [Fact]
    public async Task DHCPv4_over_DHCPv6_is_answered_by_the_owner_too()
    {
        await using var cluster = await ClusterKit.StartAsync(postgres, nodes: 3);
        var addresses = new HashSet<Ipv4Address>();
        for (var number = 1; number <= Clients; number++)
        {
            var client = cluster.Nodes[number % 3].Dhcp4Client(number);
            (await client.BindAsync())!.Type.ShouldBe(Dhcp4MessageType.Ack);
            (await client.RenewAsync())!.Type.ShouldBe(Dhcp4MessageType.Ack);
            addresses.Add(client.Address!.Value).ShouldBeTrue();
            var moved = cluster.Nodes[(number + 1) % 3].Dhcp4Client(number);
            await moved.BindAsync();
            moved.Address.ShouldBe(client.Address);
        }

        Sum(cluster, "link.packets-sent").ShouldBeGreaterThan(Clients);
    }

    [Fact]
    public async Task Who_leaves_hands_its_clients_over_and_who_comes_gets_a_share()
    {
        await using var cluster = await ClusterKit.StartAsync(postgres, nodes: 2);
        var leases = new Dictionary<int, object>();
        for (var number = 1; number <= Clients; number++)
        {
            var client = cluster.Nodes[0].Client(number);
            await client.BindAsync();
            leases[number] = client.Leases[0].Prefix;
        }

        await cluster.LeaveAsync(cluster.Nodes[1]);
        await cluster.PlacedAsync(nodes: 1);
        await cluster.JoinAsync("n7");
        await cluster.PlacedAsync(nodes: 2);
        for (var number = 1; number <= Clients; number++)
        {
            var client = cluster.Nodes[number % 2].Client(number);
            await client.BindAsync();
            client.Leases[0].Prefix.ShouldBe(leases[number]);
        }
    }

    [Fact]
    public async Task A_node_with_other_pools_does_not_serve()
    {
        await using var cluster = await ClusterKit.StartAsync(postgres, nodes: 1);
        var log = new LogLines();
        var joining = cluster.JoinAsync("n9", QueriedServer.Links.Replace("::ffff", "::fffe", StringComparison.Ordinal), loggers: log);
        await Eventually.TrueAsync(() => Task.FromResult(log.Lines.Any(static l => l.Contains("has another configuration", StringComparison.Ordinal))), "n9 says that it disagrees");
        joining.IsCompleted.ShouldBeFalse();
        (await cluster.Nodes[0].Client(1).BindAsync()).ShouldNotBeNull();
        await cluster.PlacedAsync(nodes: 1);

        // It serves when the one that it disagrees with has gone.
        await cluster.LeaveAsync(cluster.Nodes[0]);
        await (await joining.WaitAsync(TimeSpan.FromSeconds(20))).Client(2).BindAsync();
    }

    [Fact]
    public async Task Pools_cannot_change_while_nodes_serve_and_options_can()
    {
        await using var cluster = await ClusterKit.StartAsync(postgres, nodes: 1);
        var node = cluster.Nodes[0];
        var other = TestServer.Read(QueriedServer.Links.Replace("::ffff", "::fffe", StringComparison.Ordinal), dhcp4: ClusterKit.Dhcp4);
        (await Should.ThrowAsync<IOException>(node.Server.ReconfigureAsync(other))).Message.ShouldContain("restart the nodes");
        await node.Server.ReconfigureAsync(TestServer.Read(QueriedServer.Links.Replace("4000", "4500", StringComparison.Ordinal), dhcp4: ClusterKit.Dhcp4));
        var client = node.Client(1);
        await client.BindAsync();
        client.Leases[0].Valid.ShouldBe(4500u);
    }

    [Fact]
    public async Task Queries_have_the_same_answers_at_every_node()
    {
        await using var cluster = await ClusterKit.StartAsync(postgres, nodes: 3);
        for (var number = 1; number <= Clients; number++)
            await cluster.Nodes[number % 3].Client(number).BindAsync();
        var all = new List<string[]>();
        foreach (var node in cluster.Nodes)
            all.Add([.. (await node.BulkAsync(LeasequeryRequest.ByLink(default))).Select(static c => $"{Convert.ToHexString(c.ClientId)} {c.Leases[0].Prefix}").Order(StringComparer.Ordinal)]);
        all[0].Length.ShouldBe(Clients);
        all[1].ShouldBe(all[0]);
        all[2].ShouldBe(all[0]);
    }

    [Fact]
    public async Task A_requestor_learns_of_all_nodes_changes_and_may_go_on_at_another_node_with_its_base_time()
    {
        await using var cluster = await ClusterKit.StartAsync(postgres, nodes: 3);
        var everything = LeasequeryRequest.Everything with { WithBaseTime = true };
        var known = new HashSet<string>(StringComparer.Ordinal);
        uint? baseTime = null;
        for (var round = 0; round < 4; round++)
        {
            var node = cluster.Nodes[round % 3];
            var request = baseTime is { } since ? everything with { StartTime = DhcpTime.FromSeconds(since, DateTimeOffset.UtcNow) } : everything;
            await using var active = await Active.StartAsync(node, request);
            await active.NextAsync();
            for (var number = 0; number < 6; number++)
            {
                await cluster.Nodes[number % 3].Client((round * 100) + number + 1).BindAsync();
                if (number >= 4)
                    continue;

                // The last two of each round are not waited for: the next node has to tell them.
                do
                    known.Add(Convert.ToHexString((await active.NextClientAsync()).Client!.ClientId));
                while (!known.Contains(Convert.ToHexString(TestServer.DuidOf((round * 100) + number + 1))));
                baseTime = active.Last!.BaseTime;
            }
        }

        await using var last = await Active.StartAsync(cluster.Nodes[1], everything with { StartTime = DhcpTime.FromSeconds(baseTime!.Value, DateTimeOffset.UtcNow) });
        while (known.Count < 4 * 6)
            known.Add(Convert.ToHexString((await last.NextClientAsync()).Client!.ClientId));
    }

    [Fact]
    public async Task An_end_is_told_at_a_node_that_does_not_own_the_binding()
    {
        await using var cluster = await ClusterKit.StartAsync(postgres, nodes: 3);
        foreach (var node in cluster.Nodes)
        {
            await using var active = await Active.StartAsync(node, LeasequeryRequest.Everything);
            await active.NextAsync();
            for (var number = 1; number <= 6; number++)
            {
                var client = node.Client(number);
                await client.BindAsync();
                while (!IsOf(await active.NextClientAsync(), client, isActive: true))
                {
                    // What the other node has told already, this one may tell still.
                }

                await client.ReleaseAsync();
                IsOf(await active.NextClientAsync(), client, isActive: false).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public async Task A_node_whose_clock_is_wrong_ends_no_lease_early_and_tells_the_right_times()
    {
        await using var cluster = await ClusterKit.StartAsync(postgres, nodes: 1);
        var log = new LogLines();
        var clock = new SteppedTime(TimeProvider.System) { Step = TimeSpan.FromHours(2) };
        var wrong = await cluster.JoinAsync("n1", loggers: log, time: clock);
        await cluster.PlacedAsync(nodes: 2);
        var leases = new Dictionary<int, object>();
        for (var number = 1; number <= Clients; number++)
        {
            var client = cluster.Nodes[0].Client(number);
            await client.BindAsync();
            leases[number] = client.Leases[0].Prefix;
        }

        // The clients of the node that leaves come to the other one, which is set while it serves.
        await cluster.LeaveAsync(cluster.Nodes[0]);
        await cluster.PlacedAsync(nodes: 1);
        foreach (var step in new[] { 2, -2 })
        {
            clock.Step = TimeSpan.FromHours(step);
            for (var number = 1; number <= Clients; number++)
            {
                var client = wrong.Client(number);
                await client.BindAsync();
                client.Leases[0].Prefix.ShouldBe(leases[number]);
            }

            foreach (var told in await wrong.BulkAsync(LeasequeryRequest.ByLink(default)))
                told.Leases[0].Valid.ShouldBeInRange(3900u, 4000u);
        }

        // The answer that says what the database's clock shows may have come late.
        log.Lines.ShouldContain(static l => Regex.IsMatch(l, @"(7199|7200|7201)(\.\d)? s ahead of the database's", RegexOptions.ExplicitCapture, Deadline));
    }

    private static bool IsOf(ActiveUpdate update, SimulatedClient client, bool isActive)
        => update.Client!.ClientId.SequenceEqual(client.Duid) && update.Client.Leases.Single().Valid > 0 == isActive;

    private static long Sum(ClusterKit cluster, string counter)
        => cluster.Nodes.Sum(n => n.Server.AllCounters().Where(c => c.Name == counter).Sum(static c => c.Value));
}

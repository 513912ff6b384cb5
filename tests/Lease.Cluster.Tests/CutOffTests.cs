using System.Net;
using Lease.Cluster.Tests.Faults;
using Lease.Cluster.Tests.Hosts;
using Lease.Cluster.Tests.Traffic;

namespace Lease.Cluster.Tests;

/// <summary>A node that does not reach the database: clients whose relay knows only that node are served by the others through it.</summary>
public sealed class CutOffTests(ITestOutputHelper output)
{
    private const int Nodes = 3;
    private const int Clients = 30;

    // As docs/cluster.md promises.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    [Fact]
    public async Task Clients_that_renew_at_a_node_that_loses_its_database_in_silence_are_served_again_as_soon_as_is_promised()
    {
        Assert.SkipWhen(ClusterUnderTest.Missing is not null, ClusterUnderTest.Missing ?? string.Empty);
        var results = await Failover.MeasureCutsAsync(Nodes, Nodes, output.WriteLine);
        Assert.All(results, static r => Assert.InRange(r.Affected, 1, r.Clients - 1));
        Assert.All(results, static r => Assert.InRange(r.Last, 0, Patience.TotalSeconds));
    }

    [Fact]
    public async Task Clients_of_a_node_that_is_cut_off_from_the_database_are_served_through_it()
    {
        Assert.SkipWhen(ClusterUnderTest.Missing is not null, ClusterUnderTest.Missing ?? string.Empty);
        await using var cluster = await ClusterUnderTest.StartAsync(Nodes);
        var network = cluster.Network;
        using var relay = new RelaySocket(network);
        var node = network.AddressOf("n1");
        var clients = Enumerable.Range(1, Clients).Select(n => new RequestingClient(relay, n, IPAddress.Parse(ClusterUnderTest.LongLink))).ToList();
        foreach (var client in clients)
            await client.SolicitAsync(node);

        // As clients do: again and again, and only to this node.
        var end = DateTime.UtcNow + Patience;
        foreach (var (from, to) in FaultInjector.WaysOf(FaultKind.CutTowardsDatabase, "n1"))
            await network.CutAsync(from, to);
        for (; clients.Exists(static c => c.Replies.Count == 0); await Task.Delay(500))
        {
            Assert.True(DateTime.UtcNow < end, $"{clients.Count(static c => c.Replies.Count == 0)} of {Clients} clients were not served within {Patience.TotalSeconds} s");
            foreach (var client in clients.Where(static c => c.Replies.Count == 0))
                client.Request(node);
        }

        Assert.All(clients, c => Assert.Equal(node, c.Replies[0].Peer));
        Assert.Equal(Clients, clients.SelectMany(static c => c.Replies[0].Leases).Select(static l => l.Resource).Distinct().Count());
        await network.MendAllAsync();
        await cluster.AwaitShardsAsync("n1");
    }
}

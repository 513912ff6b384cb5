using System.Globalization;
using System.Net;
using Lease.Cluster.Tests.Checking;
using Lease.Cluster.Tests.Hosts;
using Lease.Cluster.Tests.Traffic;
using Lease.Testing;

namespace Lease.Cluster.Tests;

/// <summary>A node is stopped in the middle of a commit: what it has sent is on its way to the database, which gets it when other nodes own the shards.</summary>
public sealed class FenceTests
{
    private const int Clients = 30;

    // Of one batch with clients in it: more than a heartbeat has.
    private const int OctetsOfABatch = 400;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly string[] Databases = ["p1", "p2"];

    [Fact]
    public async Task The_commit_of_a_node_that_was_frozen_in_it_fails_when_its_shards_are_anothers_and_no_reply_leaves()
    {
        Assert.SkipWhen(ClusterUnderTest.Missing is not null, ClusterUnderTest.Missing ?? string.Empty);

        await using var cluster = await ClusterUnderTest.StartAsync(3);
        var network = cluster.Network;
        using var relay = new RelaySocket(network);
        var clients = Enumerable.Range(1, Clients).Select(n => new RequestingClient(relay, n, IPAddress.Parse(ClusterUnderTest.LongLink))).ToList();
        foreach (var client in clients)
            await client.SolicitAsync(network.AddressOf("n1"));

        // The first commits of a node ask for numbers before.
        var first = clients.Take(Clients / 2).ToList();
        first.ForEach(c => c.Request(network.AddressOf("n1")));
        await Eventually.TrueAsync(() => first.TrueForAll(static c => c.Replies.Count > 0), "the first clients are served", Patience, Pause);
        clients = clients[first.Count..];

        // It does not reach the database, which reaches it; nor the other nodes: only its own clients' requests are under way.
        foreach (var other in Databases.Append("n2").Append("n3"))
            await network.CutAsync("n1", other);
        clients.ForEach(c => c.Request(network.AddressOf("n1")));
        await Eventually.TrueAsync(async () => await UnsentAsync(network) >= OctetsOfABatch, "n1 has a commit under way", Patience, Pause);
        await cluster.SignalNodeAsync("n1", 19);
        var begun = clients.Where(static c => c.Replies.Count == 0).ToList();

        // The others claim its shards and serve its clients.
        await cluster.AwaitShardsAsync("n2", without: "n1");
        await Eventually.TrueAsync(() => AskOthers(network, begun), "all clients are served by n2 and n3", Patience, Pause);
        await network.MendAllAsync();
        await Eventually.TrueAsync(async () => await UnsentAsync(network) == 0, "the database has got n1's commit", Patience, Pause);
        await cluster.SignalNodeAsync("n1", 18);
        await cluster.ExpectAsync("n1", "is not this node's any more");

        // It serves again, through the same sockets: what it had to say it has said. What it had sent on to other nodes for their clients may have been answered through it.
        await cluster.AwaitShardsAsync("n1");
        var fenced = clients.Where(c => cluster.OutputOf("n1").Contains($"client={TextOf(c.Client)} cause=Request: the shard belongs to another node now", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(fenced);
        foreach (var client in fenced)
            Assert.DoesNotContain(client.Replies, p => p.Peer.Equals(network.AddressOf("n1")) && p.Transaction == client.Transaction && p.Kind == Kind.Reply);
        var held = (await cluster.QueryAsync("n1")).ToDictionary(static l => l.Client, static l => l.Resource, StringComparer.Ordinal);
        foreach (var client in clients.Concat(first))
            Assert.All(client.Replies.SelectMany(static r => r.Leases), l => Assert.Equal(held[client.Client], l.Resource));
        Assert.Equal(Clients, held.Values.Distinct().Count());
    }

    // As the log has it.
    private static string TextOf(string duid) => string.Join(':', duid.Chunk(2).Select(static octet => new string(octet)));

    private static bool AskOthers(TestNetwork network, List<RequestingClient> clients)
    {
        var unserved = clients.Where(static c => c.Replies.Count == 0).ToList();
        foreach (var client in unserved)
        {
            client.Request(network.AddressOf("n2"));
            client.Request(network.AddressOf("n3"));
        }

        return unserved.Count == 0;
    }

    /// <summary>Octets that n1 has sent to PostgreSQL and that have not been acknowledged.</summary>
    private static async Task<int> UnsentAsync(TestNetwork network)
    {
        var connections = await network.RunAsync("n1", "ss", "-tnH", "dport", "=", ":5432");
        return connections.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Sum(static line => int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture));
    }
}

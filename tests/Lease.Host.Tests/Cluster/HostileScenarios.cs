using System.Net;
using Lease.Actors.Bindings;
using Lease.Host.Tests.Dhcp6;
using Lease.Host.Tests.Leasequery;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;
using Lease.Storage.Tests;
using Lease.Testing;

namespace Lease.Host.Tests.Cluster;

/// <summary>What <see cref="HostileClients"/> say is answered or not, and harms nobody: not the commits that others are in, and not what is stored.</summary>
public sealed class HostileScenarios(PostgresServer postgres)
{
    private const int Messages = 3000;

    [Fact]
    public async Task Hostile_clients_harm_nobody_on_SQLite()
    {
        var lines = new LogLines();
        await using var server = await TestServer.StartAsync(QueriedServer.Links, loggers: lines);
        await AssertUnharmedAsync(server, lines);
    }

    [Fact]
    public async Task Hostile_clients_harm_nobody_on_PostgreSQL()
    {
        var lines = new LogLines();
        await using var cluster = await ClusterKit.StartAsync(postgres, nodes: 1, lines);
        await AssertUnharmedAsync(cluster.Nodes[0], lines);
    }

    private static async Task AssertUnharmedAsync(TestServer server, LogLines lines)
    {
        var honest = server.Client(1);
        var serverId = (await honest.BindAsync()).ShouldNotBeNull().ServerId.ToArray();
        var hostile = new HostileClients(new Random(8415), serverId);
        await Task.Run(() => hostile.Send(new IPEndPoint(IPAddress.IPv6Loopback, server.Server.Port), Messages), TestContext.Current.CancellationToken);
        (await honest.RenewAsync()).ShouldNotBeNull().Type.ShouldBe(MessageType.Reply);
        await Eventually.TrueAsync(() => Task.FromResult(Counters(server).GetValueOrDefault("udp.held-octets") == 0), "every message is dealt with");

        var counters = Counters(server);
        counters["journal.committed"].ShouldBeGreaterThan(Messages / 10);
        counters.GetValueOrDefault("journal.failed").ShouldBe(0);
        counters.GetValueOrDefault("dhcp6.dropped.NotCommitted").ShouldBe(0);
        lines.Lines.Where(static l => l.Contains("failed", StringComparison.Ordinal) || l.Contains("stored", StringComparison.Ordinal)).ShouldBeEmpty();
        await AssertConsistentAsync(server);
    }

    private static Dictionary<string, long> Counters(TestServer server) => server.Server.AllCounters().ToDictionary(static c => c.Name, static c => c.Value, StringComparer.Ordinal);

    // Every lease of a binding has its row, and every row in use is a lease of the binding that it names.
    private static async Task AssertConsistentAsync(TestServer server)
    {
        var bound = new List<StoredLease>();
        await foreach (var stored in server.Server.Store.ReadBindingsAsync(TestContext.Current.CancellationToken))
        {
            foreach (var lease in BindingCodec.Decode(stored.Key, stored.Row.Payload.Span).Leases)
            {
                if (lease.Phase is LeasePhase.Active or LeasePhase.Declined)
                    bound.Add(new StoredLease(lease.Key, stored.Key, lease.Phase == LeasePhase.Active ? LeaseState.Active : LeaseState.Declined, 0));
            }
        }

        var rows = (await server.LeasesAsync()).Where(static l => l.State != LeaseState.Free).Select(static l => l with { ChangedAt = 0 });
        rows.OrderBy(static l => l.Key.Address).ShouldBe(bound.OrderBy(static l => l.Key.Address));
    }
}

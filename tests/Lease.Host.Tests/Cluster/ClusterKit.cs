using System.Net;
using Lease.Actors.Configuration;
using Lease.Host.Commands;
using Lease.Host.Configuration;
using Lease.Host.Tests.Dhcp6;
using Lease.Host.Tests.Leasequery;
using Lease.Storage.Tests;
using Lease.Testing;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Tests.Cluster;

/// <summary>Nodes in one process, each with its own sockets, on a PostgreSQL database of their own, with links that are real.</summary>
internal sealed class ClusterKit : IAsyncDisposable
{
    public const string Dhcp4 = """
        "valid-lifetime": 4000, "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "4o6-interface": "lo", "pools": [{"pool": "192.0.2.10-192.0.2.199"}]}]
        """;

    private readonly string certificates = TestServer.NewDirectory();
    private readonly string database = $"c{Guid.NewGuid():n}";
    private readonly PostgresServer server;

    private ClusterKit(PostgresServer server) => this.server = server;

    public List<TestServer> Nodes { get; } = [];

    public static async Task<ClusterKit> StartAsync(PostgresServer server, int nodes, ILoggerFactory? loggers = null)
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var kit = new ClusterKit(server);
        await server.ExecuteAsync($"CREATE DATABASE {kit.database}");
        for (var number = 0; number < nodes; number++)
            await kit.JoinAsync($"n{number}", loggers: loggers);
        await kit.PlacedAsync(nodes);
        return kit;
    }

    /// <summary>Starts one more node.</summary>
    public async Task<TestServer> JoinAsync(string name, string dhcp6 = QueriedServer.Links, string dhcp4 = Dhcp4, ILoggerFactory? loggers = null, TimeProvider? time = null)
    {
        using (var authority = ClusterAuthority.Open(certificates, TimeSpan.FromDays(1), TimeProvider.System))
            authority.Issue(name, TimeSpan.FromDays(1));
        var tls = new TlsFileNames(Path.Combine(certificates, $"{name}.pem"), Path.Combine(certificates, $"{name}-key.pem"), Path.Combine(certificates, "ca.pem"));
        var configuration = TestServer.Read(dhcp6, dhcp4: dhcp4) with
        {
            Storage = new StorageConfiguration(server.ConnectionTo(database), Shards: 16),
            Node = new NodeConfiguration(name, new NodeLinkConfiguration(new IPEndPoint(IPAddress.IPv6Loopback, 0), tls)),
        };
        var node = await TestServer.StartAsync(configuration, loggers, time);
        Nodes.Add(node);
        return node;
    }

    /// <summary>Returns when so many nodes share all shards.</summary>
    public async Task PlacedAsync(int nodes)
    {
        await Eventually.TrueAsync(ArePlacedAsync, $"{nodes} nodes share the shards");

        async Task<bool> ArePlacedAsync()
        {
            var view = await Nodes[0].Server.Store.BeatAsync("observer", 0, Kernel.Persistence.NodeState.Up, 0, CancellationToken.None);
            var owners = view.Shards.Select(static s => s.Owner).ToHashSet(StringComparer.Ordinal);
            return !owners.Contains(null) && owners.Count == nodes;
        }
    }

    public async Task LeaveAsync(TestServer node)
    {
        Nodes.Remove(node);
        await node.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
            await node.DisposeAsync();
        Directory.Delete(certificates, recursive: true);
        await server.ExecuteAsync($"DROP DATABASE {database} WITH (FORCE)");
    }
}

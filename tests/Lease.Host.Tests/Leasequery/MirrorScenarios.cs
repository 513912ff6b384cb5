using System.Globalization;
using System.Net;
using Lease.Host.Server;
using Lease.Host.Tests.Dhcp6;
using Lease.Kernel.Persistence;
using Lease.Peers.Dhcp6;
using Lease.Peers.Mirror;
using Lease.Protocol.Dhcp6;
using Lease.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Host.Tests.Leasequery;

/// <summary>The mirror ends with what the server has, whatever was cut when (invariant 4).</summary>
public sealed class MirrorScenarios
{
    private const int Clients = 40;

    /// <summary>Connections cut at random moments in the long test: LEASE_CUTS, 150 by default. LEASE_SEED repeats a run.</summary>
    private static readonly int WantedCuts = Setting("LEASE_CUTS", 150);

    private static readonly int Seed = Setting("LEASE_SEED", 4711);

    [Fact]
    public async Task A_mirror_whose_connections_are_cut_at_random_moments_under_load_has_what_the_server_has()
    {
        var directory = TestServer.NewDirectory();
        await using var proxy = new CuttingProxy(Seed);
        var server = await StartAsync(directory);
        proxy.Target = new IPEndPoint(IPAddress.IPv6Loopback, server.LeasequeryPort);
        using var database = new MirrorDatabase(Path.Combine(directory, "mirror.db"));
        using var stop = new CancellationTokenSource();
        var mirror = Follow(proxy.Address, database, stop.Token, out var running);
        var load = new Load(server.Port, Seed);
        for (var round = 0; proxy.Cuts < WantedCuts; round++)
        {
            proxy.MostOctets = 6000;
            var enough = Math.Min(WantedCuts, proxy.Cuts + 10);
            do
                await load.RunAsync(30);
            while (proxy.Cuts < enough);
            proxy.MostOctets = 0;
            await ShouldBecomeEqualAsync(server, database, $"round {round}, {proxy.Cuts} cuts, seed {Seed}");
        }

        mirror.Connections.ShouldBeGreaterThan(WantedCuts / 2);
        await stop.CancelAsync();
        await running;
        await load.DisposeAsync();
        await server.DisposeAsync();
        database.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_mirror_that_was_away_longer_than_the_server_remembers_fetches_the_hole()
    {
        var directory = TestServer.NewDirectory();
        var file = Path.Combine(directory, "mirror.db");
        var server = await StartAsync(directory, "\"retention\": {\"count\": 1000}");
        var load = new Load(server.Port, Seed);
        var address = new IPEndPoint(IPAddress.IPv6Loopback, server.LeasequeryPort);
        await load.RunAsync(100);
        using (var database = new MirrorDatabase(file))
        {
            using var stop = new CancellationTokenSource();
            Follow(address, database, stop.Token, out var running);
            await ShouldBecomeEqualAsync(server, database, "at first");
            await stop.CancelAsync();
            await running;
        }

        // So many events that the oldest are pruned.
        while (server.LeasequeryCounters[Actors.Leasequery.LeasequeryCount.DataMissing] == 0)
        {
            await load.RunAsync(3000);
            using var database = new MirrorDatabase(file);
            using var stop = new CancellationTokenSource();
            Follow(address, database, stop.Token, out var running);
            await ShouldBecomeEqualAsync(server, database, "after the hole");
            await stop.CancelAsync();
            await running;
        }

        await load.DisposeAsync();
        await server.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_mirror_goes_on_over_restarts_of_the_server_and_of_itself()
    {
        var directory = TestServer.NewDirectory();
        await using var proxy = new CuttingProxy(Seed);
        var random = new Random(Seed);
        for (var round = 0; round < 6; round++)
        {
            await using var server = await StartAsync(directory);
            proxy.Target = new IPEndPoint(IPAddress.IPv6Loopback, server.LeasequeryPort);
            using var database = new MirrorDatabase(Path.Combine(directory, "mirror.db"));
            using var stop = new CancellationTokenSource();
            await using var load = new Load(server.Port, Seed + round);
            await load.RunAsync(random.Next(60));
            Follow(proxy.Address, database, stop.Token, out var running);
            await load.RunAsync(random.Next(60));
            if (round % 2 == 1)
                await ShouldBecomeEqualAsync(server, database, $"round {round}");
            await stop.CancelAsync();
            await running;
        }

        Directory.Delete(directory, recursive: true);
    }

    private static int Setting(string name, int usual)
        => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : usual;

    private static Task<LeaseServer> StartAsync(string directory, string leasequery = "")
        => LeaseServer.StartAsync(
            TestServer.Read(QueriedServer.Links, leasequery), new DataFolder(directory), TimeProvider.System, NullLoggerFactory.Instance);

    private static ServerMirror Follow(IPEndPoint server, MirrorDatabase database, CancellationToken stop, out Task running)
    {
        var options = new MirrorOptions(server, QueriedServer.Requestor) { FirstRetry = TimeSpan.FromMilliseconds(1), MaxRetry = TimeSpan.FromMilliseconds(20) };
        var mirror = new ServerMirror(options, database, TimeProvider.System, NullLogger.Instance);
        running = mirror.RunAsync(stop);
        return mirror;
    }

    private static async Task ShouldBecomeEqualAsync(LeaseServer server, MirrorDatabase database, string when)
    {
        IReadOnlyList<string> served = [];
        IReadOnlyList<string> mirrored = [];
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    served = await ServedAsync(server);
                    mirrored = [.. database.ReadCurrent(DateTimeOffset.UtcNow.ToUnixTimeSeconds()).Select(static l => $"{Convert.ToHexString(l.ClientId)} {l.Prefix}")];
                    return served.SequenceEqual(mirrored, StringComparer.Ordinal);
                },
                "equal");
        }
        catch (Kernel.TestKit.TestKitException)
        {
            mirrored.ShouldBe(served, when);
        }
    }

    private static async Task<IReadOnlyList<string>> ServedAsync(LeaseServer server)
    {
        var leases = new List<string>();
        await foreach (var lease in server.Store.ReadLeasesAsync(CancellationToken.None))
        {
            if (lease.State == LeaseState.Active)
                leases.Add($"{Convert.ToHexString(Actors.Bindings.BindingKey.IdentityOf(lease.Binding!).Span)} {new Protocol.Ipv6Prefix(new Protocol.Ipv6Address(lease.Key.Address), lease.Key.Length)}");
        }

        return leases;
    }

    /// <summary>Clients that bind, renew and release at random; seeded.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private readonly UdpPeer peer;
        private readonly SimulatedClient[] clients;
        private readonly Random random;

        public Load(int port, int seed)
        {
            random = new Random(seed);
            peer = new UdpPeer(new IPEndPoint(IPAddress.IPv6Loopback, port), TimeProvider.System, new Random(seed));
            clients = [.. Enumerable.Range(1, Clients).Select(i => new SimulatedClient(peer, TestServer.DuidOf(i), [(OptionCode.IaNa, 1), (OptionCode.IaPd, 2)]))];
        }

        public async Task RunAsync(int turns)
        {
            foreach (var chunk in Enumerable.Range(0, turns).Select(_ => random.Next(Clients)).Chunk(10))
                await Task.WhenAll(chunk.Distinct().Select(TurnAsync));
        }

        public ValueTask DisposeAsync() => peer.DisposeAsync();

        private Task TurnAsync(int number)
        {
            var client = clients[number];
            if (client.Leases.Count == 0)
                return client.BindAsync();
            lock (random)
                return random.Next(3) == 0 ? client.RenewAsync() : client.ReleaseAsync();
        }
    }
}

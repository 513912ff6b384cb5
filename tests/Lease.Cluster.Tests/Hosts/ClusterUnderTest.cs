using System.Net;
using System.Text.Json;
using Lease.Cluster.Tests.Checking;
using Lease.Testing;
using Microsoft.Data.Sqlite;

namespace Lease.Cluster.Tests.Hosts;

/// <summary>
/// Nodes n1, n2, ... (each <c>lease serve</c> as built), two database servers, a host with the clients' relay and two with a mirror each, on a network of their own.
/// </summary>
internal sealed class ClusterUnderTest : IAsyncDisposable
{
    /// <summary>Clients on this link have leases that outlast a round, ...</summary>
    public const string LongLink = "2001:db8:1::1";

    /// <summary>... and on this one leases of <see cref="ShortLifetime"/>.</summary>
    public const string ShortLink = "2001:db8:2::1";

    public const int ShortLifetime = 10;

    public const int DelegatedLength = 56;

    public const int OtherDelegatedLength = 60;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, RunningProgram> nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> followed = new(StringComparer.Ordinal);
    private readonly List<RunningProgram> mirrors = [];


    private ClusterUnderTest(TestNetwork network)
    {
        Network = network;
    }

    public static string? Missing => TestNetwork.Missing ?? MachineClocks.Missing ?? Databases.Missing;

    public TestNetwork Network { get; }

    public Databases Databases { get; private set; } = null!;

    /// <summary>Of the nodes; the databases have the right time.</summary>
    public MachineClocks Clocks { get; private set; } = null!;

    /// <summary>All nodes, also those that do not run now.</summary>
    public IReadOnlyList<string> Nodes { get; private set; } = [];

    /// <summary>The folder of Lease.sln.</summary>
    public static string Top { get; } = FindTop();

    public static string Binary { get; } = FindBinary();

    /// <summary>Starts everything.</summary>
    public static async Task<ClusterUnderTest> StartAsync(int size)
    {
        var cluster = new ClusterUnderTest(await TestNetwork.CreateAsync());
        try
        {
            await cluster.UpAsync(size);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node and awaits that it serves.</summary>
    public async Task StartNodeAsync(string node)
    {
        var name = Path.Combine(Network.Folder, node);
        string[] serve = ["serve", "--config", name + ".json", "--data", name + "-data", "--log-level", Environment.GetEnvironmentVariable("LEASE_FAULTS_LOG") ?? "Information"];
        nodes[node] = Network.Start(node, "env", [.. Clocks.Preloading(node, Binary), .. serve]);
        await nodes[node].ExpectAsync("ready: serving DHCPv6", Patience);
    }

    /// <summary>Awaits that a node has printed a text.</summary>
    public Task ExpectAsync(string node, string text) => nodes[node].ExpectAsync(text, Patience);

    /// <summary>What a node has printed.</summary>
    public string OutputOf(string node) => nodes[node].Output;

    /// <summary>Returns when a node has its share of the shards, and every shard is served, none of them by <paramref name="without"/>.</summary>
    public async Task AwaitShardsAsync(string node, string? without = null)
    {
        for (var end = DateTime.UtcNow + Patience; ; await Task.Delay(50))
        {
            // It ends with code 1 while a shard is not served.
            var status = Network.Start(node, Binary, "cluster", "status", "--config", Path.Combine(Network.Folder, node + ".json"), "--json");
            await using (status)
            {
                if (await status.WaitForExitAsync(Patience) && status.ExitCode == 0 && SharesOf(status.StandardOutput) is var shares
                    && shares.GetValueOrDefault(node) > 0 && shares.GetValueOrDefault(without ?? string.Empty) == 0)
                    return;
            }

            if (DateTime.UtcNow > end)
                throw new FaultTestException($"{node} got no shards:\n{status.Output}");
        }
    }

    /// <summary>Makes a host for a further node, and starts it.</summary>
    public async Task AddNodeAsync(string node)
    {
        await PrepareNodeAsync(node, 11 + Nodes.Count);
        await StartNodeAsync(node);
        Nodes = [.. Nodes, node];
    }

    /// <summary>Changes the length of delegated prefixes in every node's configuration, which counts from its next start.</summary>
    public Task WriteConfigurationsAsync(int delegatedLength)
        => Task.WhenAll(Nodes.Select(node => WriteConfigurationAsync(node, Network.AddressOf(node).ToString(), delegatedLength)));

    /// <summary>kill -9.</summary>
    public async Task KillNodeAsync(string node)
    {
        var killed = nodes[node];
        await killed.SignalAsync(9);
        await killed.WaitForExitAsync(Patience);
        Keep(node, killed);
    }

    /// <summary>SIGTERM; the node must end by itself, with code 0.</summary>
    public async Task StopNodeAsync(string node)
    {
        var stopped = nodes[node];
        await stopped.SignalAsync(15);
        if (!await stopped.WaitForExitAsync(Patience))
            throw new FaultTestException($"{node} did not end within {Patience.TotalSeconds} s of SIGTERM:\n{stopped.Output}");
        if (stopped.ExitCode != 0)
            throw new FaultTestException($"{node} ended with code {stopped.ExitCode} after SIGTERM:\n{stopped.Output}");
        Keep(node, stopped);
    }

    public Task SignalNodeAsync(string node, int signal) => nodes[node].SignalAsync(signal);

    /// <summary>A node that ended by itself, and what it said; null when all go on.</summary>
    public string? FindEnded()
        => nodes.Where(static n => n.Value.HasExited).Select(static n => $"{n.Key} ended by itself with code {n.Value.ExitCode}:\n{n.Value.Output}").FirstOrDefault();

    /// <summary>
    /// Mirrors whose node is away follow another one: as where the nodes share an address that moves to one that lives (anycast, keepalived). Each mirror knows only such an address,
    /// keeps its database, and so asks the next node from where it was with the last.
    /// </summary>
    public async Task MoveMirrorsAsync(string from, string to)
    {
        foreach (var (requestor, node) in followed.ToList())
        {
            if (string.Equals(node, from, StringComparison.Ordinal))
                await FollowAsync(requestor, to);
        }
    }

    /// <summary>What a node answers to a bulk query for everything.</summary>
    public async Task<List<HeldLease>> QueryAsync(string node)
    {
        var output = await Network.RunAsync("r1", Binary, "query", "bulk", $"[{Network.AddressOf(node)}]:547", "all", "--json");
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        var leases = new List<HeldLease>();
        foreach (var line in output.Split('\n').Where(static l => l.StartsWith('{')))
        {
            using var client = JsonDocument.Parse(line);
            var id = client.RootElement.GetProperty("client-id").GetString()!.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
            foreach (var lease in client.RootElement.GetProperty("leases").EnumerateArray())
            {
                var text = lease.TryGetProperty("prefix", out var prefix) ? prefix.GetString()!.Split('/') : [lease.GetProperty("address").GetString()!, "128"];
                var valid = lease.GetProperty("valid").GetUInt32();
                if (valid > 0)
                    leases.Add(new HeldLease(new Resource(IPAddress.Parse(text[0]), int.Parse(text[1])), id, now + valid));
            }
        }

        return leases;
    }

    /// <summary>What a mirror has in its database now.</summary>
    public List<HeldLease> ReadMirror(string requestor)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = MirrorFile(requestor), Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT address, length, client_id, valid_until FROM current_lease";
        using var rows = command.ExecuteReader();
        var leases = new List<HeldLease>();
        while (rows.Read())
            leases.Add(new HeldLease(new Resource(new IPAddress((byte[])rows[0]), rows.GetInt32(1)), Convert.ToHexStringLower((byte[])rows[2]), rows.GetInt64(3)));
        return leases;
    }

    public static IReadOnlyList<string> Requestors { get; } = ["r1", "r2"];

    /// <summary>What everybody printed, for the report of a round that failed.</summary>
    public void WriteLogs(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (node, program) in nodes)
            File.AppendAllText(Path.Combine(folder, node + ".log"), program.Output);
        foreach (var (requestor, program) in Requestors.Zip(mirrors))
            File.WriteAllText(Path.Combine(folder, requestor + ".log"), program.Output);
        foreach (var file in Directory.GetFiles(Network.Folder, "*.log"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
    }

    public async ValueTask DisposeAsync() => await Network.DisposeAsync();

    private static string FindTop()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Lease.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private static string FindBinary()
    {
#if DEBUG
        return Path.Combine(Top, "src/Lease.Host/bin/Debug/net10.0/lease");
#else
        return Path.Combine(Top, "src/Lease.Host/bin/Release/net10.0/lease");
#endif
    }

    private static Dictionary<string, int> SharesOf(string status)
    {
        using var cluster = JsonDocument.Parse(status);
        return cluster.RootElement.GetProperty("nodes").EnumerateArray().ToDictionary(static n => n.GetProperty("node").GetString()!, static n => n.GetProperty("shards").GetInt32(), StringComparer.Ordinal);
    }

    private static string ServiceAddressOf(string requestor) => string.Equals(requestor, "r1", StringComparison.Ordinal) ? "fd53::1" : "fd53::2";

    private async Task UpAsync(int size)
    {
        SQLitePCL.Batteries_V2.Init();
        await Network.AddHostAsync("c", "fd00::31");
        await Network.AddHostAsync("r1", "fd00::41");
        await Network.AddHostAsync("r2", "fd00::42");
        Clocks = await MachineClocks.MakeAsync(Network, "c");
        Databases = await Databases.StartAsync(Network, Clocks);
        var names = Enumerable.Range(1, size).Select(static n => $"n{n}").ToList();

        // One more than there are: a node that is added later has its certificate.
        await Network.RunAsync("c", Binary, "cluster", "init", CertificateFolder, "--nodes", string.Join(',', names.Append($"n{size + 1}")));
        foreach (var name in names)
        {
            await PrepareNodeAsync(name, 11 + Nodes.Count);
            Nodes = [.. Nodes, name];
        }

        await Task.WhenAll(Nodes.Select(StartNodeAsync));
        for (var i = 0; i < Requestors.Count; i++)
        {
            await FollowAsync(Requestors[i], Nodes[i % Nodes.Count]);
            mirrors.Add(Network.Start(Requestors[i], Binary, "mirror", $"[{ServiceAddressOf(Requestors[i])}]:547", "--database", MirrorFile(Requestors[i])));
        }

        foreach (var mirror in mirrors)
            await mirror.ExpectAsync("the copy is current", Patience);
    }

    private string CertificateFolder => Path.Combine(Network.Folder, "certificates");

    private string MirrorFile(string requestor) => Path.Combine(Network.Folder, requestor + ".db");

    private async Task FollowAsync(string requestor, string node)
    {
        followed[requestor] = node;
        await Network.RouteAsync(requestor, ServiceAddressOf(requestor), node);
    }

    private async Task PrepareNodeAsync(string node, int number)
    {
        var address = $"fd00::{number}";

        // No two nodes have the same time.
        Clocks.Set(node, TimeSpan.FromSeconds(7 * (12 - number)));
        await Network.AddHostAsync(node, address);
        foreach (var requestor in Requestors)
            await Network.AddServiceAddressAsync(node, ServiceAddressOf(requestor));

        await WriteConfigurationAsync(node, address, DelegatedLength);
    }

    private async Task WriteConfigurationAsync(string node, string address, int delegatedLength)
    {
        // No rehearsal: on the processors that all hosts share it takes several times as long as on a node's own, and clients do not wait for it.
        await File.WriteAllTextAsync(Path.Combine(Network.Folder, node + ".json"), $$$"""
            {"Lease": {
              "storage": {"type": "postgresql", "connection": "{{{Databases.Connection}}}"},
              "node": {"id": "{{{node}}}", "rehearsal": false, "address": "[{{{address}}}]:5480",
                "tls": {"certificate": "{{{CertificateFolder}}}/{{{node}}}.pem", "key": "{{{CertificateFolder}}}/{{{node}}}-key.pem", "authorities": "{{{CertificateFolder}}}/ca.pem"} },
              "cluster": {"shards": 32},
              "leasequery": {"requestors": [{"from": "fd00::/16", "allow": ["udp", "bulk", "active"], "tls": "off"}], "tcp": {"addresses": ["::"], "port": 547} } },
             "Dhcp6": {"interfaces-config": {"interfaces": ["eth0/{{{address}}}"]}, "decline-probation-period": 5, "offer-lifetime": 5,
              "subnet6": [
                {"id": 1, "subnet": "2001:db8:1::/64", "preferred-lifetime": 300, "valid-lifetime": 600, "pools": [{"pool": "2001:db8:1::100-2001:db8:1::17f"}],
                 "pd-pools": [{"prefix": "2001:db8:100::", "prefix-len": 49, "delegated-len": {{{delegatedLength}}}}]},
                {"id": 2, "subnet": "2001:db8:2::/64", "preferred-lifetime": {{{ShortLifetime / 2}}}, "valid-lifetime": {{{ShortLifetime}}}, "pools": [{"pool": "2001:db8:2::100-2001:db8:2::13f"}],
                 "pd-pools": [{"prefix": "2001:db8:200::", "prefix-len": 50, "delegated-len": {{{delegatedLength}}}}]}]}}
            """);
    }

    /// <summary>The log of a process that has ended stays with the others.</summary>
    private void Keep(string node, RunningProgram ended)
    {
        File.AppendAllText(Path.Combine(Network.Folder, node + ".log"), ended.Output + "----\n");
        nodes.Remove(node);
    }
}

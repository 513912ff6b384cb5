using System.Globalization;
using System.Text.Json;
using Lease.Peers.Mirror;
using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary>A mirror through random kills of the server, of itself and of its connection, under load, ends identical to the server. LEASE_MIRROR_KILLS: how many (6; 50 in the long run).</summary>
public sealed class MirrorKills
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_mirror_through_random_kills_under_load_ends_identical_to_the_server()
    {
        await using var hosts = await TestHosts.CreateAsync("perfdhcp", "ss");
        var kills = int.Parse(Environment.GetEnvironmentVariable("LEASE_MIRROR_KILLS") ?? "6", CultureInfo.InvariantCulture);
        var random = new Random(int.Parse(Environment.GetEnvironmentVariable("LEASE_SEED") ?? "7653", CultureInfo.InvariantCulture));
        var server = await StartServerAsync(hosts);
        var mirror = StartMirror(hosts);
        for (var kill = 0; kill < kills; kill++)
        {
            var load = hosts.Start(
                hosts.Client, "perfdhcp", "-6", "-l", hosts.Client, "-r", "1000", "-F", "200", "-f", "300", "-R", "3000", "-p", "30", "-e", "address-and-prefix", "-s", kill.ToString(CultureInfo.InvariantCulture));
            await Task.Delay(random.Next(500, 2000));
            switch (random.Next(3))
            {
                case 0:
                    await server.SignalAsync(9);
                    await server.WaitForExitAsync(Patience);
                    server = await StartServerAsync(hosts);
                    break;
                case 1:
                    await mirror.SignalAsync(9);
                    await mirror.WaitForExitAsync(Patience);
                    mirror = StartMirror(hosts);
                    break;
                default:
                    await hosts.RunAsync(hosts.Client, Patience, "ss", "-K", "dport = :547");
                    break;
            }

            await Task.Delay(random.Next(200, 1000));
            await load.DisposeAsync();
            await ShouldBecomeIdenticalAsync(hosts, $"kill {kill}");
        }
    }

    private static async Task<RunningProgram> StartServerAsync(TestHosts hosts)
    {
        var file = hosts.WriteFile("mirrored.json", $$$"""
            {"Lease": {"leasequery": {"requestors": [{"from": "2001:db8:1::2"}]}},
             "Dhcp6": {"interfaces-config": {"interfaces": ["{{{hosts.Server}}}"]}, "preferred-lifetime": 3000, "valid-lifetime": 4000, "renew-timer": 1000, "rebind-timer": 2000,
              "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "{{{hosts.Server}}}", "pools": [{"pool": "2001:db8:1:0:1::/80"}],
                "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 64}]}]}}
            """);
        var server = hosts.Start(hosts.Server, ServerUnderTest.Binary(), "serve", "--config", file, "--data", Path.Combine(hosts.Folder, "data"), "--log-level", "Warning");
        await hosts.Start(hosts.Server, "/bin/sh", "-c", "until ss -ltnH 'sport = :547' | grep -q .; do sleep 0.05; done; echo listening").ExpectAsync("listening", Patience);
        return server;
    }

    private static RunningProgram StartMirror(TestHosts hosts)
        => hosts.Start(hosts.Client, ServerUnderTest.Binary(), "mirror", "[2001:db8:1::1]:547", "--database", Path.Combine(hosts.Folder, "mirror.db"));

    private static async Task ShouldBecomeIdenticalAsync(TestHosts hosts, string when)
    {
        var (served, mirrored) = (new List<string>(), new List<string>());
        for (var end = DateTime.UtcNow + Patience; DateTime.UtcNow < end; await Task.Delay(200))
        {
            served = await ServedAsync(hosts);
            using var database = new MirrorDatabase(Path.Combine(hosts.Folder, "mirror.db"));
            mirrored = [.. database.ReadCurrent(DateTimeOffset.UtcNow.ToUnixTimeSeconds()).Select(static l => $"{l.Prefix} {Convert.ToHexStringLower(l.ClientId)}").Order(StringComparer.Ordinal)];
            if (served.Count > 0 && served.SequenceEqual(mirrored, StringComparer.Ordinal))
                return;
        }

        Assert.Fail($"{when}: only served: {string.Join(", ", served.Except(mirrored, StringComparer.Ordinal).Take(5))}; only mirrored: {string.Join(", ", mirrored.Except(served, StringComparer.Ordinal).Take(5))}");
    }

    private static async Task<List<string>> ServedAsync(TestHosts hosts)
    {
        var output = await hosts.RunAsync(hosts.Client, Patience, ServerUnderTest.Binary(), "query", "bulk", "[2001:db8:1::1]:547", "all", "--json");
        var leases = new List<string>();
        foreach (var line in output.Split('\n').Where(static l => l.StartsWith('{')))
        {
            using var client = JsonDocument.Parse(line);
            var id = client.RootElement.GetProperty("client-id").GetString()!.Replace(":", "", StringComparison.Ordinal);
            foreach (var lease in client.RootElement.GetProperty("leases").EnumerateArray())
                leases.Add(lease.TryGetProperty("prefix", out var prefix) ? $"{prefix.GetString()} {id}" : $"{lease.GetProperty("address").GetString()}/128 {id}");
        }

        leases.Sort(StringComparer.Ordinal);
        return leases;
    }
}

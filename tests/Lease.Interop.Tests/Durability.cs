using System.Globalization;
using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;
using Lease.Storage.Sqlite;

namespace Lease.Interop.Tests;

/// <summary>What was granted on the wire is there after a kill -9, and nothing was granted twice.</summary>
public sealed class Durability
{
    [Fact]
    public async Task Every_granted_lease_survives_kill_9_under_load()
    {
        await using var hosts = await TestHosts.CreateAsync("perfdhcp");
        var rounds = int.Parse(Environment.GetEnvironmentVariable("LEASE_KILL_ROUNDS") ?? "5", CultureInfo.InvariantCulture);
        var random = new Random(8415);
        var holders = new Dictionary<string, string>(StringComparer.Ordinal);
        var granted = 0;
        for (var round = 0; round < rounds; round++)
        {
            var server = await ServerUnderTest.StartAsync(hosts, level: "Error");
            var capture = await Capture.StartAsync(hosts, $"round-{round}");
            var load = hosts.Start(
                hosts.Client, "perfdhcp", "-6", "-l", hosts.Client, "-r", "2000", "-R", "1000000", "-p", "30", "-b", $"mac=00:0c:01:{round % 256:x2}:00:00", "-e", "address-and-prefix");
            await Task.Delay(random.Next(700, 2000));
            await server.SignalAsync(9);
            await server.WaitForExitAsync(TimeSpan.FromSeconds(10));
            await load.DisposeAsync();
            await capture.StopAsync();
            granted += await CompareAsync(hosts, capture, holders);
        }

        Assert.True(granted > rounds * 100, $"only {granted} leases were granted in {rounds} rounds");
    }

    private static async Task<int> CompareAsync(TestHosts hosts, Capture capture, Dictionary<string, string> holders)
    {
        var granted = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var reply in capture.Replies().Where(static r => r.Type == MessageType.Reply))
        {
            foreach (var lease in reply.Leases.Where(static l => l.Valid > 0))
                granted[lease.Prefix.ToString()] = Duid.ToText(reply.ClientId);
        }

        foreach (var (lease, client) in granted)
        {
            Assert.True(holders.TryAdd(lease, client) || holders[lease] == client, $"{lease} was granted to {holders[lease]} and to {client}");
        }

        await using var store = SqliteLeaseStore.Open(new SqliteStoreOptions { Directory = Path.Combine(hosts.Folder, "data") });
        var stored = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var lease in store.ReadLeasesAsync(CancellationToken.None))
        {
            if (lease.State == LeaseState.Active && lease.Binding is { } binding)
                stored[new Lease.Protocol.Ipv6Prefix(new Lease.Protocol.Ipv6Address(lease.Key.Address), lease.Key.Length).ToString()] = Duid.ToText(BindingKey.IdentityOf(binding).Span);
        }

        foreach (var (lease, client) in holders)
            Assert.True(stored.TryGetValue(lease, out var holder) && holder == client, $"{lease} was granted to {client} and is not stored so");
        return granted.Count;
    }
}

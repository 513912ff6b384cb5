using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Lease.Peers.Load;
using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary>Garbage costs neither memory nor service; signals do what the manual says.</summary>
public sealed class Robustness
{
    [Fact]
    public async Task Garbage_at_full_rate_costs_neither_memory_nor_service()
    {
        var seconds = int.Parse(Environment.GetEnvironmentVariable("LEASE_FUZZ_SECONDS") ?? "60", CultureInfo.InvariantCulture);
        var folder = Directory.CreateTempSubdirectory("lease-garbage-");
        var port = FreePort();
        var file = Path.Combine(folder.FullName, "lease.json");
        await File.WriteAllTextAsync(file, $$$"""
            {"Lease": {"server-port": {{{port}}}, "client-port": 0},
             "Dhcp6": {"interfaces-config": {"interfaces": ["lo/::1"]}, "rapid-commit": true,
              "subnet6": [{"subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::/80"}], "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 64}]},
                          {"subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2::/80"}]}]},
              "Dhcp4": {"subnet4": [{"subnet": "10.0.0.0/16", "4o6-interface": "lo", "pools": [{"pool": "10.0.0.0/17", "port-sets": {"offset": 4, "psid-len": 6}}, {"pool": "10.0.128.0/17"}]},
                                    {"subnet": "10.1.0.0/16", "4o6-subnet": "2001:db8:2::/64", "pools": [{"pool": "10.1.0.0/16"}]}]}}
            """);
        await using (var server = new RunningProgram(ServerUnderTest.Binary(), ["serve", "--config", file, "--data", Path.Combine(folder.FullName, "data"), "--log-level", "Error"]))
        {
            var address = new IPEndPoint(IPAddress.IPv6Loopback, port);
            await AssertServedAsync(address, seed: 1);
            var sent = await Task.Run(() => Garbage.Send(address, TimeSpan.FromSeconds(seconds), new Random(8415)));
            Assert.False(server.HasExited, server.Output);
            Assert.True(server.ResidentMemory < 1L << 30, $"{server.ResidentMemory >> 20} MiB after {sent} packets");
            await AssertServedAsync(address, seed: 2);
            await server.SignalAsync(10);
            await server.ExpectAsync("counter dhcp6.dropped.Malformed");
            await server.ExpectAsync("counter dhcp4.");
            await AssertNothingHeldAsync(server);
            await server.SignalAsync(15);
            await server.WaitForExitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(0, server.ExitCode);
            TestContext.Current.SendDiagnosticMessage("{0} packets of garbage in {1} s", sent, seconds);
        }

        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Sighup_takes_a_good_configuration_and_refuses_a_wrong_one()
    {
        await using var hosts = await TestHosts.CreateAsync("perfdhcp");
        var server = await ServerUnderTest.StartAsync(hosts);
        hosts.WriteFile("lease.json", "{\"Dhcp6\": {\"subnet\": 1}}");
        await server.SignalAsync(1);
        await server.ExpectAsync("the one before stays in force");
        await hosts.RunAsync(hosts.Client, TimeSpan.FromSeconds(20), "perfdhcp", "-6", "-l", hosts.Client, "-r", "10", "-p", "2");
        await server.ExpectAsync("lease=2001:db8:1:0:1:");
        hosts.WriteFile("lease.json", ServerUnderTest.Configuration(hosts, "").Replace("2001:db8:1:0:1::/80", "2001:db8:1:0:2::/80", StringComparison.Ordinal));
        await server.SignalAsync(1);
        await server.ExpectAsync("reread");
        await hosts.RunAsync(hosts.Client, TimeSpan.FromSeconds(20), "perfdhcp", "-6", "-l", hosts.Client, "-r", "10", "-p", "2", "-b", "mac=00:0c:01:77:00:00");
        await server.ExpectAsync("lease=2001:db8:1:0:2:");
        await server.SignalAsync(15);
        await server.WaitForExitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, server.ExitCode);
        Assert.Contains("counter dhcp6.sent.Reply", server.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(15)]
    public async Task What_is_told_to_end_ends_in_order(int signal)
    {
        // What is started in the background of a script takes no SIGINT.
        string[] command = ["--default-signal=INT", ServerUnderTest.Binary(), "demo", "--for", "60s"];
        await using var demo = new RunningProgram("/usr/bin/env", command);
        await demo.ExpectAsync(static o => o.Contains("data in", StringComparison.Ordinal) && o.EndsWith('\n'), "said where it serves");
        var folder = demo.Output.Split(' ', StringSplitOptions.TrimEntries)[^1];
        Assert.True(Directory.Exists(folder), demo.Output);
        await demo.SignalAsync(signal);
        Assert.True(await demo.WaitForExitAsync(TimeSpan.FromSeconds(20)), demo.Output);
        Assert.Equal(0, demo.ExitCode);
        Assert.Contains("exchanges answered with leases", demo.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder), folder);
    }

    [Fact]
    public async Task A_node_that_waits_for_its_database_ends_when_it_is_told_to()
    {
        var folder = Directory.CreateTempSubdirectory("lease-waiting-");
        var file = Path.Combine(folder.FullName, "lease.json");
        await File.WriteAllTextAsync(file, $$$"""
            {"Lease": {"storage": {"type": "postgresql", "connection": "Host={{{folder.FullName}}};Database=lease"}, "node": {"id": "n1"}},
             "Dhcp6": {"interfaces-config": {"interfaces": ["lo/::1"]}, "subnet6": [{"subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::/80"}]}]}}
            """);
        await using (var server = new RunningProgram(ServerUnderTest.Binary(), ["serve", "--config", file]))
        {
            await server.ExpectAsync("waiting for the database");
            await server.SignalAsync(15);
            await server.WaitForExitAsync(TimeSpan.FromSeconds(10));
            Assert.Equal(0, server.ExitCode);
        }

        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_server_waits_for_the_address_of_an_interface_that_has_just_come_up()
    {
        await using var hosts = await TestHosts.CreateAsync("ip");
        await hosts.RunAsync(hosts.Server, TimeSpan.FromSeconds(5), "ip", "-6", "addr", "flush", "dev", hosts.Server, "scope", "link");
        var file = hosts.WriteFile("lease.json", ServerUnderTest.Configuration(hosts, string.Empty));
        var server = hosts.Start(hosts.Server, ServerUnderTest.Binary(), "serve", "--config", file, "--data", Path.Combine(hosts.Folder, "data"));
        await server.ExpectAsync("has no link-local IPv6 address yet");
        await hosts.RunAsync(hosts.Server, TimeSpan.FromSeconds(5), "ip", "-6", "addr", "add", "fe80::5/64", "dev", hosts.Server, "nodad");
        await server.ExpectAsync("listening on fe80::5");
        await server.ExpectAsync("ready: serving DHCPv6");
    }

    // Whatever became of a datagram, it has been dealt with and its memory was given back.
    private static async Task AssertNothingHeldAsync(RunningProgram server)
    {
        const string last = "counter process.working-set-mib";
        for (var end = DateTime.UtcNow.AddSeconds(20); ;)
        {
            var seen = server.Output.Length;
            await server.SignalAsync(10);
            await server.ExpectAsync(o => o.IndexOf(last, seen, StringComparison.Ordinal) >= 0, "printed its counters");
            var counters = server.Output[seen..];
            if (!counters.Contains("counter udp.held-octets", StringComparison.Ordinal))
                return;
            Assert.True(DateTime.UtcNow < end, counters);
        }
    }

    private static async Task AssertServedAsync(IPEndPoint server, int seed)
    {
        // What was queued before is answered first, so the first exchanges may be late; then service must be whole.
        LoadProgress progress;
        var end = DateTime.UtcNow.AddSeconds(60);
        do
        {
            var options = new LoadOptions { Server = server, Rate = 100, Clients = 200, Duration = TimeSpan.FromSeconds(3), Seed = seed };
            var generator = new LoadGenerator(options, TimeProvider.System, new Random(seed));
            progress = generator.Progress;
            await generator.RunAsync(CancellationToken.None);
        }
        while (progress.Completed != progress.Begun && DateTime.UtcNow < end);
        Assert.True(progress.Completed == progress.Begun, $"{progress.Lost} lost, {progress.Refused} refused of {progress.Begun}");
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary>Leasequery over the bindings of real clients, direct and behind a relay: each query by UDP and by TCP, with tshark as the judge of what the server sends.</summary>
public sealed class Leasequery
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Every_query_finds_the_bindings_of_real_clients()
    {
        await using var hosts = await TestHosts.CreateAsync("dhclient", "dhcrelay");
        await hosts.AddFarHostAsync();
        var server = await StartAsync(hosts);
        var capture = await Capture.StartAsync(hosts);
        var active = hosts.Start(hosts.Client, ServerUnderTest.Binary(), "query", "active", "[2001:db8:1::1]:547", "all", "--json");
        await server.ExpectAsync("leasequery active begun");
        await BindBothAsync(hosts, server);
        var direct = LeaseOf(server.Output, "2001:db8:1:0:1:");
        var relayed = LeaseOf(server.Output, "2001:db8:2:0:1:");
        await active.ExpectAsync(o => o.Contains(direct.Address, StringComparison.Ordinal) && o.Contains(relayed.Address, StringComparison.Ordinal), "both told by active leasequery", Patience);
        foreach (var way in (string[])["udp", "bulk"])
        {
            Assert.Contains(direct.Client, await AskAsync(hosts, way, "by-address", direct.Address), StringComparison.Ordinal);
            Assert.Contains(relayed.Address, await AskAsync(hosts, way, "by-client-id", relayed.Client), StringComparison.Ordinal);
            Assert.DoesNotContain(direct.Address, await AskAsync(hosts, way, "by-link", "2001:db8:2::"), StringComparison.Ordinal);
            Assert.Contains(relayed.Address, await AskAsync(hosts, way, "by-link", "2001:db8:2::"), StringComparison.Ordinal);
            Assert.Contains(relayed.Address, await AskAsync(hosts, way, "by-prefix", "2001:db8:2::/64"), StringComparison.Ordinal);
            var all = await AskAsync(hosts, way, "all", "--option", "lq-relay-data", "--option", "interface-id", "--option", "client-linklayer-addr");
            Assert.Contains(direct.Address, all, StringComparison.Ordinal);
            Assert.Contains(relayed.Address, all, StringComparison.Ordinal);

            // LQ_RELAY_DATA: the relay's message as the server had it.
            Assert.Contains("\"47\":", all, StringComparison.Ordinal);
            var mac = (await hosts.RunAsync(hosts.Far, TimeSpan.FromSeconds(5), "cat", $"/sys/class/net/{hosts.Far}/address")).Trim();
            Assert.Contains(relayed.Address, await AskAsync(hosts, way, "by-device-id", mac), StringComparison.Ordinal);
            Assert.DoesNotContain("client-id", await AskAsync(hosts, way, "by-remote-id", "9:01"), StringComparison.Ordinal);
            Assert.DoesNotContain("client-id", await AskAsync(hosts, way, "by-relay-id", "00:03:00:01:02:00:00:00:00:01"), StringComparison.Ordinal);
        }

        await server.SignalAsync(15);
        await active.ExpectAsync("QueryTerminated");
        await capture.AssertWellFormedAsync();
        await capture.AssertWellFormedTcpAsync(15, 16, 17);
    }

    [Fact]
    public async Task Relay_id_and_remote_id_of_a_real_relay_find_the_clients_behind_it()
    {
        await using var hosts = await TestHosts.CreateAsync("dhclient", "dibbler-relay");
        await hosts.AddFarHostAsync();
        var server = await StartAsync(hosts);
        var capture = await Capture.StartAsync(hosts);
        var configuration = hosts.WriteFile("relay.conf", $$"""
            log-level 8
            option remote-id 5-0x01020304
            option relay-id 00:03:00:01:04:00:00:00:00:01
            iface {{hosts.TowardsFar}} {
              client multicast yes
              interface-id 5555
            }
            iface {{hosts.Client}} {
              server unicast 2001:db8:1::1
            }

            """);
        var work = Directory.CreateDirectory(Path.Combine(hosts.Folder, "dibbler")).FullName;
        var relay = hosts.Start(
            hosts.Client,
            "/usr/bin/unshare",
            "-m",
            "/bin/sh",
            "-c",
            $"mkdir -p /etc/dibbler /var/lib/dibbler /var/log/dibbler && cp {configuration} {work}/relay.conf && mount --bind {work} /etc/dibbler"
            + $" && mount --bind {work} /var/lib/dibbler && mount --bind {work} /var/log/dibbler && exec dibbler-relay run");
        await relay.ExpectAsync("socket", Patience);
        var files = Path.Combine(hosts.Folder, "far");
        hosts.Start(hosts.Far, "dhclient", "-6", "-N", "-d", "-v", "-D", "LL", "-lf", files + ".leases", "-pf", files + ".pid", "-sf", hosts.WriteScript("script"), hosts.Far);
        await server.ExpectAsync("granted link=subnet-2", Patience);
        var relayed = LeaseOf(server.Output, "2001:db8:2:0:1:");
        foreach (var way in (string[])["udp", "bulk"])
        {
            Assert.Contains(relayed.Address, await AskAsync(hosts, way, "by-remote-id", "5:01020304", "--option", "remote-id"), StringComparison.Ordinal);
            Assert.Contains(relayed.Address, await AskAsync(hosts, way, "by-relay-id", "00:03:00:01:04:00:00:00:00:01", "--option", "lq-relay-data"), StringComparison.Ordinal);
        }

        await capture.AssertWellFormedAsync();
        await capture.AssertWellFormedTcpAsync();
    }

    private static async Task<RunningProgram> StartAsync(TestHosts hosts)
    {
        var file = hosts.WriteFile("queried.json", $$$"""
            {"Lease": {"leasequery": {"requestors": [{"from": "2001:db8:1::/64"}]}},
             "Dhcp6": {"interfaces-config": {"interfaces": ["{{{hosts.Server}}}/2001:db8:1::1"]}, "preferred-lifetime": 3000, "valid-lifetime": 4000,
              "subnet6": [{"subnet": "2001:db8:1::/64", "interface": "{{{hosts.Server}}}", "pools": [{"pool": "2001:db8:1:0:1::/80"}]},
                          {"subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2:0:1::/80"}]}]}}
            """);
        var server = hosts.Start(hosts.Server, ServerUnderTest.Binary(), "serve", "--config", file, "--data", Path.Combine(hosts.Folder, "data"));
        await server.ExpectAsync("ready: serving DHCPv6");
        return server;
    }

    private static async Task BindBothAsync(TestHosts hosts, RunningProgram server)
    {
        var relay = hosts.Start(hosts.Client, "dhcrelay", "-6", "-d", "-I", "-l", hosts.TowardsFar, "-u", $"2001:db8:1::1%{hosts.Client}");
        await relay.ExpectAsync("Sending on");
        foreach (var host in (string[])[hosts.Client, hosts.Far])
        {
            var files = Path.Combine(hosts.Folder, host);
            hosts.Start(host, "dhclient", "-6", "-N", "-d", "-v", "-D", "LL", "-lf", files + ".leases", "-pf", files + ".pid", "-sf", hosts.WriteScript("script"), host);
        }

        await server.ExpectAsync(
            static o => o.Contains("granted link=subnet-1", StringComparison.Ordinal) && o.Contains("granted link=subnet-2", StringComparison.Ordinal), "granted to both", Patience);
    }

    private static (string Client, string Address) LeaseOf(string log, string address)
    {
        var words = log.Split('\n').First(l => l.Contains("granted", StringComparison.Ordinal) && l.Contains("lease=" + address, StringComparison.Ordinal)).Split(' ');
        return (Word("client="), Word("lease="));

        string Word(string name) => words.First(w => w.StartsWith(name, StringComparison.Ordinal))[name.Length..];
    }

    private static Task<string> AskAsync(TestHosts hosts, string way, params string[] query)
        => hosts.RunAsync(hosts.Client, TimeSpan.FromSeconds(20), ServerUnderTest.Binary(), ["query", way, "[2001:db8:1::1]:547", .. query, "--json"]);
}

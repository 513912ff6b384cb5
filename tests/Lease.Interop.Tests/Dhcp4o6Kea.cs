using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary>DHCPv4 over DHCPv6 by two programs, each with Debian's Kea on the other side of the loopback, direct and relayed; tshark judges what goes to the clients.</summary>
public sealed class Dhcp4o6Kea
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Our_engine_serves_behind_kea_dhcp6()
    {
        await using var hosts = await TestHosts.CreateAsync("kea-dhcp6");
        var kea = StartKea(hosts, "kea-dhcp6", $$$"""
            {"Dhcp6": {"interfaces-config": {"interfaces": ["{{{hosts.Server}}}", "{{{hosts.Server}}}/2001:db8:1::1"]}, "lease-database": {"type": "memfile", "persist": false}, "server-id": {"type": "LLT", "persist": false}, "dhcp4o6-port": 6767,
             "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "{{{hosts.Server}}}", "pools": []}],
             "loggers": [{"name": "kea-dhcp6", "severity": "INFO", "output_options": [{"output": "stdout", "flush": true}]}]}}
            """);
        await kea.ExpectAsync("DHCP6_STARTED");
        var file = hosts.WriteFile("lease.json", $$$"""
            {"Lease": {"leasequery": {"tcp": {"addresses": []} } },
             "Dhcp4": {"dhcp4o6-port": 6767, "subnet4": [
               {"id": 1, "subnet": "192.0.2.0/24", "4o6-interface": "{{{hosts.Server}}}", "4o6-subnet": "2001:db8:1::/64", "pools": [{"pool": "192.0.2.10-192.0.2.200"}]}]}}
            """);
        var ours = hosts.Start(hosts.Server, ServerUnderTest.Binary(), "serve", "--config", file, "--data", Path.Combine(hosts.Folder, "data"));
        await ours.ExpectAsync("ready:");
        await AssertServesAsync(hosts);
        await ours.ExpectAsync(static o => o.Split("granted link=subnet4-1").Length > 10, "granted ten leases", Patience);
        Assert.True(kea.Id > 0);
    }

    [Fact]
    public async Task Keas_engine_serves_behind_us()
    {
        await using var hosts = await TestHosts.CreateAsync("kea-dhcp4");
        var kea = await StartBehindUsAsync(hosts);
        var capture = await Capture.StartAsync(hosts);
        await AssertServesAsync(hosts);
        Assert.Contains("DHCP4_LEASE_ALLOC", kea.Output, StringComparison.Ordinal);
        await capture.AssertWellFormedAsync();
    }

    // Kea 2.2 does not return option 109.
    [Fact]
    public async Task Our_client_renews_at_T1_although_kea_returns_no_tunnel_source_address()
    {
        await using var hosts = await TestHosts.CreateAsync("kea-dhcp4");
        var kea = await StartBehindUsAsync(hosts);
        var client = hosts.Start(hosts.Client, ServerUnderTest.Binary(), "client", "--interface", hosts.Client, "--dhcp4o6");
        await client.ExpectAsync("BOUND4");
        await kea.ExpectAsync("DHCP4_LEASE_ALLOC");

        // Some seconds, in which Kea serves others.
        string[] load = ["load", "2001:db8:1::1", "--relayed", "2001:db8:1::99", "--dhcp4o6", "--rate", "5", "--for", "3s"];
        await hosts.RunAsync(hosts.Client, Patience, ServerUnderTest.Binary(), load);
        Assert.DoesNotContain("RENEW4", client.Output, StringComparison.Ordinal);
    }

    private static async Task<RunningProgram> StartBehindUsAsync(TestHosts hosts)
    {
        // Kea answers only on interfaces where it has an IPv4 socket.
        await hosts.RunAsync(hosts.Server, TimeSpan.FromSeconds(5), "ip", "addr", "add", "192.0.2.1/24", "dev", hosts.Server);
        var kea = StartKea(hosts, "kea-dhcp4", $$$"""
            {"Dhcp4": {"interfaces-config": {"interfaces": ["{{{hosts.Server}}}"]}, "lease-database": {"type": "memfile", "persist": false}, "dhcp4o6-port": 6767, "valid-lifetime": 4000,
             "option-data": [{"name": "dhcp-server-identifier", "data": "192.0.2.1"}],
             "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "4o6-interface": "{{{hosts.Server}}}", "4o6-subnet": "2001:db8:1::/64", "pools": [{"pool": "192.0.2.10-192.0.2.200"}]}],
             "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout", "flush": true}]}]}}
            """);
        await kea.ExpectAsync("DHCP4_STARTED");
        var file = hosts.WriteFile("lease.json", $$$"""
            {"Dhcp6": {"interfaces-config": {"interfaces": ["{{{hosts.Server}}}", "{{{hosts.Server}}}/2001:db8:1::1"]}, "dhcp4o6-port": 6767,
              "option-data": [{"name": "dhcp4o6-server-addr", "data": ""}],
              "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "{{{hosts.Server}}}", "pools": [{"pool": "2001:db8:1:0:1::/80"}]}]}}
            """);
        var ours = hosts.Start(hosts.Server, ServerUnderTest.Binary(), "serve", "--config", file, "--data", Path.Combine(hosts.Folder, "data"));
        await ours.ExpectAsync("ready: serving DHCPv6");
        return kea;
    }

    // Five clients by multicast on the link, and five behind a relay.
    private static async Task AssertServesAsync(TestHosts hosts)
    {
        string[] arguments = ["--dhcp4o6", "--clients", "5", "--rate", "5", "--for", "1s", "--json"];
        var direct = await hosts.RunAsync(
            hosts.Client, Patience, ServerUnderTest.Binary(), ["load", "multicast", "--interface", hosts.Client, "--local-port", "546", .. arguments]);
        Assert.Contains("\"completed\":5", direct, StringComparison.Ordinal);
        var relayed = await hosts.RunAsync(
            hosts.Client, Patience, ServerUnderTest.Binary(), ["load", "2001:db8:1::1", "--relayed", "2001:db8:1::99", "--seed", "2", .. arguments]);
        Assert.Contains("\"completed\":5", relayed, StringComparison.Ordinal);
    }

    private static RunningProgram StartKea(TestHosts hosts, string program, string configuration)
    {
        var file = hosts.WriteFile("kea.json", configuration);
        return hosts.Start(hosts.Server, "/usr/bin/env", $"KEA_PIDFILE_DIR={hosts.Folder}", $"KEA_LOCKFILE_DIR={hosts.Folder}", $"/usr/sbin/{program}", "-c", file);
    }
}

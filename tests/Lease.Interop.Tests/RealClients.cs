using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary>Clients that people use get, renew and release leases; tshark finds nothing malformed in what they are sent.</summary>
public sealed class RealClients
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    [Theory]
    [InlineData("-N", "lease=2001:db8:1:0:1:")]
    [InlineData("-P", "lease=2001:db8:8000:")]
    public async Task Dhclient_gets_renews_and_releases(string what, string lease)
    {
        await using var hosts = await TestHosts.CreateAsync("dhclient");
        var server = await ServerUnderTest.StartAsync(hosts, ServerUnderTest.ShortTimers);
        var capture = await Capture.StartAsync(hosts);
        string[] files = ["-lf", Path.Combine(hosts.Folder, "leases"), "-pf", Path.Combine(hosts.Folder, "pid"), "-sf", hosts.WriteScript("script"), hosts.Client];
        await using (hosts.Start(hosts.Client, "dhclient", ["-6", what, "-d", "-v", .. files]))
            await server.ExpectAsync(o => o.Contains("renewed", StringComparison.Ordinal) && o.Contains(lease, StringComparison.Ordinal), "renewed " + lease, Patience);
        Assert.Contains("2001:db8:", await File.ReadAllTextAsync(Path.Combine(hosts.Folder, "leases")), StringComparison.Ordinal);
        await hosts.RunAsync(hosts.Client, TimeSpan.FromSeconds(10), "dhclient", ["-6", what, "-r", "-v", .. files]);
        await server.ExpectAsync("released");
        await capture.AssertWellFormedAsync();
    }

    [Fact]
    public async Task Dhcp6c_gets_address_and_prefix_renews_and_releases()
    {
        await using var hosts = await TestHosts.CreateAsync("dhcp6c");
        var server = await ServerUnderTest.StartAsync(hosts, ServerUnderTest.ShortTimers);
        var capture = await Capture.StartAsync(hosts);
        var file = hosts.WriteFile(
            "dhcp6c.conf", $"interface {hosts.Client} {{ send ia-na 0; send ia-pd 0; request domain-name-servers; }};\nid-assoc na 0 {{ }}; id-assoc pd 0 {{ }};\n");
        var client = hosts.Start(hosts.Client, "dhcp6c", "-f", "-D", "-c", file, "-p", Path.Combine(hosts.Folder, "dhcp6c.pid"), hosts.Client);
        await ExpectBothRenewedAsync(server);
        await client.SignalAsync(15);
        await server.ExpectAsync(static o => Both(o, "released"), "released both");
        await capture.AssertWellFormedAsync();
    }

    [Fact]
    public async Task Dhcpcd_gets_address_and_prefix_renews_and_releases()
    {
        await using var hosts = await TestHosts.CreateAsync("dhcpcd");
        var server = await ServerUnderTest.StartAsync(hosts, ServerUnderTest.ShortTimers);
        var capture = await Capture.StartAsync(hosts);
        var file = hosts.WriteFile("dhcpcd.conf", $"duid\nnoipv6rs\nrelease\ninterface {hosts.Client}\n  ipv6\n  ia_na 1\n  ia_pd 2\n");
        var client = hosts.Start(hosts.Client, "dhcpcd", "-B", "-d", "-f", file, "-c", hosts.WriteScript("script"), "--noipv4", hosts.Client);
        await ExpectBothRenewedAsync(server);

        // SIGALRM: release and end. In the middle of a renewal it takes no notice.
        await client.SignalUntilAsync(14, () => Both(server.Output, "released"));
        await server.ExpectAsync(static o => Both(o, "released"), "released both");
        await capture.AssertWellFormedAsync();
    }

    [Fact]
    public async Task Dibbler_gets_address_and_prefix_renews_and_releases()
    {
        await using var hosts = await TestHosts.CreateAsync("dibbler-client");
        var server = await ServerUnderTest.StartAsync(hosts, ServerUnderTest.ShortTimers);
        var capture = await Capture.StartAsync(hosts);
        var configuration = hosts.WriteFile("client.conf", $"log-level 8\nscript \"{hosts.WriteScript("script")}\"\niface \"{hosts.Client}\" {{\n  ia\n  pd\n  option dns-server\n}}\n");

        // It knows only fixed places for its files: they get a folder of this test's own, in a mount namespace of its own.
        var work = Directory.CreateDirectory(Path.Combine(hosts.Folder, "dibbler")).FullName;
        var client = hosts.Start(
            hosts.Client,
            "/usr/bin/unshare",
            "-m",
            "/bin/sh",
            "-c",
            $"mkdir -p /etc/dibbler /var/lib/dibbler /var/log/dibbler && cp {configuration} {work}/client.conf && mount --bind {work} /etc/dibbler"
            + $" && mount --bind {work} /var/lib/dibbler && mount --bind {work} /var/log/dibbler && exec dibbler-client run");
        await ExpectBothRenewedAsync(server);
        TestHosts.ResolvConfOf(hosts.Client).ShouldContain("nameserver 2001:db8::53");
        await client.SignalAsync(15);
        await server.ExpectAsync(static o => Both(o, "released"), "released both");
        await capture.AssertWellFormedAsync();
    }

    [Fact]
    public async Task Dhclient_behind_dhcrelay_gets_an_address_of_its_own_link()
    {
        await using var hosts = await TestHosts.CreateAsync("dhclient", "dhcrelay");
        await hosts.AddFarHostAsync();
        var file = hosts.WriteFile("relayed.json", $$$"""
            {"Dhcp6": {"interfaces-config": {"interfaces": ["{{{hosts.Server}}}/2001:db8:1::1"]}, {{{ServerUnderTest.ShortTimers}}}
              "subnet6": [{"subnet": "2001:db8:1::/64", "interface": "{{{hosts.Server}}}", "pools": [{"pool": "2001:db8:1:0:1::/80"}]},
                          {"subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2:0:1::/80"}]}]}}
            """);
        var server = hosts.Start(hosts.Server, ServerUnderTest.Binary(), "serve", "--config", file, "--data", Path.Combine(hosts.Folder, "data"));
        await server.ExpectAsync("ready: serving DHCPv6");
        var capture = await Capture.StartAsync(hosts);
        var relay = hosts.Start(hosts.Client, "dhcrelay", "-6", "-d", "-l", hosts.TowardsFar, "-u", $"2001:db8:1::1%{hosts.Client}");
        await relay.ExpectAsync("Sending on");
        hosts.Start(
            hosts.Far, "dhclient", "-6", "-N", "-d", "-v", "-lf", Path.Combine(hosts.Folder, "leases"), "-pf", Path.Combine(hosts.Folder, "pid"), "-sf", hosts.WriteScript("script"), hosts.Far);
        await server.ExpectAsync(static o => o.Contains("renewed link=subnet-2", StringComparison.Ordinal) && o.Contains("lease=2001:db8:2:0:1:", StringComparison.Ordinal), "renewed an address of the far link", Patience);
        await capture.AssertWellFormedAsync();
    }

    [Theory]
    [InlineData("LL", "2001:db8:2:", "2001:db8::54")]
    [InlineData("LLT", "2001:db8:1:", "2001:db8::53")]
    public async Task Dhclient_gets_what_its_class_may_have(string duid, string prefix, string dns)
    {
        await using var hosts = await TestHosts.CreateAsync("dhclient");
        var file = hosts.WriteFile("classes.json", $$$"""
            {"Dhcp6": {"interfaces-config": {"interfaces": ["{{{hosts.Server}}}"]}, {{{ServerUnderTest.ShortTimers}}}
              "option-data": [{"name": "dns-servers", "data": "2001:db8::53"}],
              "client-classes": [{"name": "boxes", "test": "substring(option[1].hex, 0, 2) == 0x0003", "option-data": [{"name": "dns-servers", "data": "2001:db8::54"}]}],
              "shared-networks": [{"name": "street", "interface": "{{{hosts.Server}}}", "subnet6": [
                {"subnet": "2001:db8:2::/64", "client-class": "boxes", "pools": [{"pool": "2001:db8:2:0:1::/80"}]},
                {"subnet": "2001:db8:1::/64", "pools": [{"pool": "2001:db8:1:0:1::/80"}]}]}]}}
            """);
        var server = hosts.Start(hosts.Server, ServerUnderTest.Binary(), "serve", "--config", file, "--data", Path.Combine(hosts.Folder, "data"));
        await server.ExpectAsync("ready: serving DHCPv6");
        var capture = await Capture.StartAsync(hosts);
        var leases = Path.Combine(hosts.Folder, "leases");
        hosts.Start(hosts.Client, "dhclient", "-6", "-N", "-d", "-v", "-D", duid, "-lf", leases, "-pf", Path.Combine(hosts.Folder, "pid"), "-sf", hosts.WriteScript("script"), hosts.Client);
        await server.ExpectAsync(o => o.Contains("renewed link=street", StringComparison.Ordinal) && o.Contains("lease=" + prefix, StringComparison.Ordinal), "renewed " + prefix, Patience);
        Assert.Contains($"name-servers {dns};", await File.ReadAllTextAsync(leases), StringComparison.Ordinal);
        await capture.AssertWellFormedAsync();
    }

    private static Task ExpectBothRenewedAsync(RunningProgram server) => server.ExpectAsync(static o => Both(o, "granted") && Both(o, "renewed"), "granted and renewed both", Patience);

    private static bool Both(string log, string @event)
    {
        var lines = log.Split('\n').Where(l => l.Contains("] " + @event + " ", StringComparison.Ordinal)).ToList();
        return lines.Exists(static l => l.Contains("lease=2001:db8:1:0:1:", StringComparison.Ordinal)) && lines.Exists(static l => l.Contains("lease=2001:db8:8000:", StringComparison.Ordinal));
    }
}

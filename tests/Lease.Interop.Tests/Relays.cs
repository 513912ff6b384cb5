namespace Lease.Interop.Tests;

/// <summary>Our relay agent and ISC's in a row, in each order, between a real client and the server.</summary>
public sealed class Relays
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    [Theory]
    [InlineData("lease", "dhcrelay")]
    [InlineData("dhcrelay", "lease")]
    [InlineData("lease", "lease")]
    [InlineData("dhcrelay", "dhcrelay")]
    public async Task A_client_behind_two_relays_gets_its_leases(string near, string far)
    {
        // client (Far) - first relay (Client) - second relay (Server) - server (Aftr)
        await using var hosts = await TestHosts.CreateAsync("dhclient", "dhcrelay");
        await hosts.AddFarHostAsync();
        await hosts.AddAftrAsync();
        var file = hosts.WriteFile("lease.json", $$$"""
            {"Dhcp6": {"interfaces-config": {"interfaces": ["{{{hosts.Aftr}}}", "{{{hosts.Aftr}}}/2001:db8:3::2"]},
              "subnet6": [{"id": 1, "subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2:0:1::/80"}],
                "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 64}]}]}}
            """);
        var server = hosts.Start(hosts.Aftr, ServerUnderTest.Binary(), "serve", "--config", file, "--data", Path.Combine(hosts.Folder, "data"));
        await server.ExpectAsync("ready: serving DHCPv6");
        var capture = await Capture.StartAsync(hosts);
        await StartRelayAsync(hosts, near, hosts.Client, hosts.TowardsFar, "2001:db8:1::1", hosts.Client);
        await StartRelayAsync(hosts, far, hosts.Server, hosts.Server, "2001:db8:3::2", hosts.Aftr + "s");
        hosts.Start(
            hosts.Far, "dhclient", "-6", "-d", "-1", "-P", "-N", "-sf", hosts.WriteScript("client.sh"), "-lf", Path.Combine(hosts.Folder, "leases"), "-pf", Path.Combine(hosts.Folder, "pid"), hosts.Far);
        await server.ExpectAsync(static o => o.Contains("lease=2001:db8:2:0:1:", StringComparison.Ordinal) && o.Contains("lease=2001:db8:8", StringComparison.Ordinal), "granted both", Patience);
        await capture.AssertWellFormedAsync();
    }

    private static async Task StartRelayAsync(TestHosts hosts, string relay, string host, string towardsClients, string server, string towardsServer)
    {
        if (relay == "dhcrelay")
        {
            hosts.Start(host, "dhcrelay", "-6", "-d", "-I", "-pf", Path.Combine(hosts.Folder, host + ".pid"), "-l", towardsClients, "-u", $"{server}%{towardsServer}");
            return;
        }

        var ours = hosts.Start(host, ServerUnderTest.Binary(), "relay", "--interface", towardsClients, "--server", server, "--remote-id", "9:port-7");
        await ours.ExpectAsync("ready: relaying");
    }
}

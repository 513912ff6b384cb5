using System.Diagnostics;
using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary>Four hosts of lightweight 4over6: a customer's router, a relay, the server, and an lwAFTR whose binding table follows the leases.</summary>
public sealed class Lw4o6
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // What the lwAFTR may take, and some time for a busy machine.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(4);

    [Theory]
    [InlineData("lease")]
    [InlineData("dhcrelay")]
    public async Task A_clients_softwire_is_in_the_lwAFTRs_table_from_its_ACK_to_its_end(string relay)
    {
        await using var hosts = await TestHosts.CreateAsync("dhcrelay");
        await hosts.AddFarHostAsync();
        await hosts.AddAftrAsync();
        var server = await StartServerAsync(hosts);
        var capture = await Capture.StartAsync(hosts);
        if (relay == "dhcrelay")
            hosts.Start(hosts.Client, "dhcrelay", "-6", "-d", "-l", hosts.TowardsFar, "-u", $"2001:db8:1::1%{hosts.Client}");
        else
            await StartRelayAsync(hosts);
        var table = Path.Combine(hosts.Folder, "table.csv");
        var aftr = hosts.Start(hosts.Aftr, ServerUnderTest.Binary(), "lwaftr", "2001:db8:3::1", "--watch", "--output", table);
        await aftr.ExpectAsync("0 softwires read");
        await aftr.ExpectAsync(_ => File.Exists(table), "wrote its table");

        var client = StartClient(hosts);
        await client.ExpectAsync("BOUND6", Patience);
        await client.ExpectAsync("BOUND4", Patience);
        var facts = Facts(client.Output, "BOUND4");
        var entry = $"{facts["ip_address"]},{facts["psid"]},{facts["psid_length"]},{facts["psid_offset"]},{facts["tunnel_source"]}";
        var appeared = await WaitAsync(table, content => content.Contains(entry, StringComparison.Ordinal), aftr);
        Assert.StartsWith("2001:db8:2:", facts["tunnel_source"], StringComparison.Ordinal);

        await client.SignalAsync(15);
        await client.ExpectAsync("RELEASE4");
        var left = await WaitAsync(table, content => !content.Contains(facts["ip_address"], StringComparison.Ordinal), aftr);

        // A client that is gone without a word: its entry ends with its lease.
        var lost = StartClient(hosts);
        await lost.ExpectAsync("BOUND4", Patience);
        await WaitAsync(table, content => content.Contains(entry, StringComparison.Ordinal), aftr);
        await lost.SignalAsync(9);
        await server.ExpectAsync("cause=lifetime", Patience);
        var ended = await WaitAsync(table, content => !content.Contains(facts["ip_address"], StringComparison.Ordinal), aftr);
        Assert.All([appeared, left, ended], time => Assert.True(time < Soon + Slack, $"after {appeared}, {left}, {ended}"));
        await capture.AssertWellFormedAsync();
        if (relay == "lease")
        {
            await capture.AssertNoneAsync("udp.dstport == 547 && dhcpv6.msgtype == 20 && ipv6.dst == 2001:db8:1::1");
            await capture.AssertSomeAsync("udp.dstport == 547 && dhcpv6.msgtype == 20 && ipv6.dst == 2001:db8:1::4");
        }
    }

    private static async Task<RunningProgram> StartServerAsync(TestHosts hosts)
    {
        await hosts.AddAddressAsync(hosts.Server, "2001:db8:1::4/64");
        var file = hosts.WriteFile("lease.json", $$$"""
            {"Lease": {"leasequery": {"requestors": [{"from": "2001:db8:3::/64"}]}},
             "Dhcp6": {"interfaces-config": {"interfaces": ["{{{hosts.Server}}}", "{{{hosts.Server}}}/2001:db8:1::1", "{{{hosts.Server}}}/2001:db8:1::4"]}, "valid-lifetime": 400, "preferred-lifetime": 300,
              "option-data": [{"name": "dhcp4o6-server-addr", "data": ""}, {"name": "s46-br", "data": "2001:db8:3::2"}],
              "shared-networks": [{"name": "street", "subnet6": [{"id": 2, "subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2:0:1::/80"}]}]}]},
             "Dhcp4": {"valid-lifetime": 6, "option-data": [{"name": "domain-name-servers", "data": "192.0.2.53"}],
              "shared-networks": [{"name": "street", "subnet4": [{"id": 2, "subnet": "192.0.2.0/24", "pools": [
                {"pool": "192.0.2.10-192.0.2.20", "port-sets": {"offset": 6, "psid-len": 8}}]}]}]}}
            """);
        var server = hosts.Start(hosts.Server, ServerUnderTest.Binary(), "serve", "--config", file, "--data", Path.Combine(hosts.Folder, "data"));
        await server.ExpectAsync("ready: serving DHCPv6");
        return server;
    }

    // DHCPV4-QUERYs have a server address of their own (RFC 7341 section 7.3).
    private static async Task StartRelayAsync(TestHosts hosts)
    {
        var relay = hosts.Start(
            hosts.Client, ServerUnderTest.Binary(), "relay", "--interface", hosts.TowardsFar, "--server", "2001:db8:1::1", "--dhcp4o6-server", "2001:db8:1::4");
        await relay.ExpectAsync("ready: relaying");
    }

    private static RunningProgram StartClient(TestHosts hosts)
        => hosts.Start(hosts.Far, ServerUnderTest.Binary(), "client", "--interface", hosts.Far, "--dhcp4o6", "--port-sets");

    // A line such as: BOUND4 ip_address=192.0.2.10 lease_time=6 ...
    private static Dictionary<string, string> Facts(string output, string reason)
    {
        var line = output.Split('\n').Last(l => l.StartsWith(reason, StringComparison.Ordinal));
        return line.Split(' ').Skip(1).Select(static w => w.Split('=', 2)).Where(static w => w.Length == 2).ToDictionary(static w => w[0], static w => w[1].Trim('"', '\r'), StringComparer.Ordinal);
    }

    private static async Task<TimeSpan> WaitAsync(string table, Func<string, bool> condition, RunningProgram aftr)
    {
        var began = Stopwatch.GetTimestamp();
        await aftr.ExpectAsync(_ => condition(File.ReadAllText(table)), $"had the table so: {File.ReadAllText(table)}", Patience);
        return Stopwatch.GetElapsedTime(began);
    }
}

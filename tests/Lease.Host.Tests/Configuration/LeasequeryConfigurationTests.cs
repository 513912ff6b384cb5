using System.Net;
using Lease.Actors.Configuration;
using Lease.Host.Configuration;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Tests.Configuration;

/// <summary><c>Lease.leasequery</c>, and Kea's form of it.</summary>
public sealed class LeasequeryConfigurationTests
{
    [Fact]
    public void Without_it_only_the_loopback_may_ask()
    {
        var configuration = Accepted("");
        configuration.FindRequestor(IPAddress.IPv6Loopback).ShouldNotBeNull();
        configuration.FindRequestor(IPAddress.Parse("2001:db8::1")).ShouldBeNull();
        configuration.FindRequestor(IPAddress.Parse("fe80::1")).ShouldBeNull();
        configuration.Tcp.Addresses.ShouldHaveSingleItem().ToString().ShouldBe("::1");
    }

    [Fact]
    public void The_longest_prefix_decides_and_settings_are_each_requestors_own()
    {
        var configuration = Accepted("""
            "leasequery": {"requestors": [
              {"from": "2001:db8::/32", "allow": ["udp"], "query-types": ["by-address", "by-link"], "rate": 50},
              {"from": "2001:db8:5::/64", "dialect": "draft", "tls": "required", "certificate": "CN=a"},
              {"from": "192.0.2.0/24"}],
             "tls": {"certificate": "a", "key": "b", "authorities": "c"}, "tcp": {"port": 1547, "max-queries": 3, "idle-timeout": 7},
             "sensitive-options": ["37", "bootfile-url"], "retention": {"age": 3600, "count": 5000}, "active": false, "code-points": {"cookie": 4711}}
            """);
        var wide = configuration.FindRequestor(IPAddress.Parse("2001:db8:6::1")).ShouldNotBeNull();
        (wide.Access, wide.Kinds, wide.QueriesPerSecond).ShouldBe((LeasequeryAccess.Udp, QueryKinds.ByAddress | QueryKinds.ByLink, 50));
        var narrow = configuration.FindRequestor(IPAddress.Parse("2001:db8:5::1")).ShouldNotBeNull();
        (narrow.Dialect, narrow.Tls, narrow.Certificate).ShouldBe((LeasequeryDialect.Draft, TlsUse.Required, "CN=a"));
        configuration.FindRequestor(IPAddress.Parse("::ffff:192.0.2.9")).ShouldNotBeNull();
        configuration.FindRequestor(IPAddress.IPv6Loopback).ShouldBeNull();
        (configuration.Tcp.Port, configuration.Tcp.MaxQueries, configuration.Tcp.IdleTimeout).ShouldBe((1547, 3, TimeSpan.FromSeconds(7)));
        configuration.SensitiveOptions.ShouldBe([(OptionCode)37, (OptionCode)59], ignoreOrder: true);
        (configuration.RetentionAge, configuration.RetentionCount, configuration.Active, (int)configuration.CodePoints.LqCookie).ShouldBe((TimeSpan.FromHours(1), 5000L, false, 4711));
    }

    [Theory]
    [InlineData("\"leasequery\": {\"requestors\": [{\"allow\": [\"udp\"]}]}", "from is missing")]
    [InlineData("\"leasequery\": {\"requestors\": [{\"from\": \"nobody\"}]}", "an IPv6 address or prefix")]
    [InlineData("\"leasequery\": {\"requestors\": [{\"from\": \"::1\", \"allow\": [\"smoke\"]}]}", "\"smoke\" is not allowed: must be of udp, bulk, active")]
    [InlineData("\"leasequery\": {\"requestors\": [{\"from\": \"::1\", \"query-types\": [\"by-name\"]}]}", "\"by-name\" is not allowed")]
    [InlineData("\"leasequery\": {\"requestors\": [{\"from\": \"::1\", \"tls\": \"required\"}]}", "a requestor requires TLS")]
    [InlineData("\"leasequery\": {\"requestors\": [{\"from\": \"::1\", \"certificate\": \"CN=a\"}]}", "of no use unless \"tls\" is \"required\"")]
    [InlineData("\"leasequery\": {\"tcp\": {\"max-queries\": 0}}", "a whole number from 1 to 1000")]
    [InlineData("\"leasequery\": {\"tcp\": {\"adresses\": []}}", "did you mean \"addresses\"?")]
    [InlineData("\"leasequery\": {\"sensitive-options\": [\"sesame\"]}", "neither an option's code nor its name")]
    [InlineData("\"leasequery\": {\"retention\": {\"age\": 1}}", "a whole number from 60")]
    [InlineData("\"leasequery\": {\"tls\": {\"certificate\": \"a\"}}", "must name PEM files")]
    public void What_is_wrong_is_named(string lease, string message)
    {
        var result = Read(lease, "");
        result.Configuration.ShouldBeNull();
        result.Problems.ShouldContain(p => p.Severity == Severity.Error && p.ToString().Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void Keas_hook_names_requestors_too()
    {
        var result = Read("", """
            "hooks-libraries": [{"library": "/usr/lib/kea/hooks/libdhcp_lease_cmds.so"}, {"library": "/usr/lib/kea/hooks/libdhcp_lease_query.so", "parameters": {
              "requesters": ["2001:db8:1::1", "2001:db8:2::/64"], "prefix-lengths": [64],
              "advanced": {"bulk-query-enabled": true, "lease-query-ip": "2001:db8::1", "lease-query-tcp-port": 1547, "max-requester-connections": 7, "max-concurrent-queries": 4,
                "max-requester-idle-time": 60, "max-bulk-query-threads": 2}}}],
            """);
        result.Problems.Select(static p => p.Path).ShouldBe(
            ["Dhcp6.hooks-libraries[0].library", "Dhcp6.hooks-libraries[1].parameters.prefix-lengths", "Dhcp6.hooks-libraries[1].parameters.advanced.max-bulk-query-threads"], ignoreOrder: true);
        var configuration = result.Configuration.ShouldNotBeNull().Leasequery;
        configuration.FindRequestor(IPAddress.Parse("2001:db8:2::9"))!.Access.ShouldBe(LeasequeryAccess.Udp | LeasequeryAccess.Bulk);
        configuration.FindRequestor(IPAddress.IPv6Loopback).ShouldBeNull();
        var tcp = configuration.Tcp;
        (tcp.Addresses.Single().ToString(), tcp.Port, tcp.MaxConnectionsPerRequestor, tcp.MaxQueries, tcp.IdleTimeout).ShouldBe(("2001:db8::1", 1547, 7, 4, TimeSpan.FromMinutes(1)));
    }

    private static LeasequeryConfiguration Accepted(string lease)
    {
        var result = Read(lease, "");
        result.Problems.ShouldBeEmpty();
        return result.Configuration!.Leasequery;
    }

    private static ConfigurationResult Read(string lease, string dhcp6)
        => ConfigurationReader.Read($$"""{"Lease": { {{lease}} }, "Dhcp6": { {{dhcp6}} "interfaces-config": {"interfaces": ["eth0"]} } }""", "test.json");
}

using System.Text.Json;
using Lease.Host.Tests.Dhcp6;
using Lease.Host.Tests.Leasequery;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Tests.Commands;

/// <summary>docs/query.md: what <c>lease query</c> prints, and its exit codes.</summary>
public sealed class QueryCommandTests
{
    [Fact]
    public async Task People_get_a_table_on_standard_output_and_the_count_on_standard_error()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        var client = server.Client(1);
        await client.BindAsync();
        var address = client.Leases.Single().Prefix.Address;
        foreach (var words in new[] { Udp(server, "by-address", $"{address}"), Bulk(server, "by-link", "all"), Bulk(server, "by-client-id", Duid.ToText(client.Duid)) })
        {
            var (code, output, errors) = await LeaseCommand.RunAsync(words);
            code.ShouldBe(0, errors);
            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            lines.Length.ShouldBe(2);
            lines[0].ShouldStartWith("client ");
            lines[1].ShouldContain(Duid.ToText(client.Duid));
            lines[1].ShouldContain($"{address}");
            errors.ShouldContain("1 clients, 1 bindings");
        }
    }

    [Fact]
    public async Task Programs_get_an_object_a_line()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await server.RelayedClient(1).BindAsync();
        var (code, output, errors) = await LeaseCommand.RunAsync(Bulk(server, "by-remote-id", "9:706f7274", "--json", "--option", "interface-id"));
        code.ShouldBe(0, errors);
        using var json = JsonDocument.Parse(output);
        json.RootElement.GetProperty("client-id").GetString().ShouldBe(Duid.ToText(TestServer.DuidOf(1)));
        json.RootElement.GetProperty("leases")[0].GetProperty("valid").GetUInt32().ShouldBe(4000u);
    }

    [Fact]
    public async Task The_relays_that_a_client_came_through_can_be_read()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await server.RelayedClient(1).BindAsync();
        var (code, output, errors) = await LeaseCommand.RunAsync(Bulk(server, "all", "--option", "lq-relay-data"));
        code.ShouldBe(0, errors);
        output.ShouldContain("relay for fe80::99 on link 2001:db8:2::1");
        output.ShouldContain("      REMOTE_ID (37)");
    }

    [Fact]
    public async Task A_refusal_is_told_in_words_and_ends_with_1()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        var (code, output, errors) = await LeaseCommand.RunAsync(Udp(server, "by-link", "2001:db8:99::1"));
        (code, output).ShouldBe((1, ""));
        errors.ShouldContain("NotConfigured");
        (code, _, errors) = await LeaseCommand.RunAsync("query", "active", $"[::1]:{server.Server.LeasequeryPort}", "all", "--end", "1m");
        code.ShouldBe(1);
        errors.ShouldContain("MalformedQuery");
    }

    [Theory]
    [InlineData("by-address", "2001:db8::/64", "must be an IPv6 address")]
    [InlineData("by-prefix", "2001:db8::1", "must be a prefix")]
    [InlineData("by-remote-id", "706f7274", "must be ENTERPRISE:HEX")]
    [InlineData("by-client-id", "xyz", "must be octets in hexadecimal")]
    [InlineData("by-device-id", "1/2/3", "must be a link-layer address")]
    [InlineData("by-sunshine", "1", "by-relay-id")]
    public async Task What_cannot_be_asked_is_refused_with_what_is_allowed(string by, string value, string allowed)
    {
        var (code, output, errors) = await LeaseCommand.RunAsync("query", "udp", "::1", by, value);
        code.ShouldBe(2);
        (output + errors).ShouldContain(allowed);
    }

    [Fact]
    public async Task Wrong_times_options_and_servers_are_refused_too()
    {
        (await RefusedAsync("::1", "all", "--start", "yesterday")).ShouldContain("2026-11-21T08:00:00Z");
        (await RefusedAsync("::1", "all", "--option", "sunshine")).ShouldContain("remote-id");
        (await RefusedAsync("::1", "all", "--link", "eth0")).ShouldContain("IPv6 address");
        (await RefusedAsync("nowhere", "all")).ShouldContain("nowhere");
    }

    private static async Task<string> RefusedAsync(params string[] words)
    {
        var (code, _, errors) = await LeaseCommand.RunAsync(["query", "bulk", .. words]);
        code.ShouldBe(2);
        return errors;
    }

    private static string[] Udp(TestServer server, params string[] words) => ["query", "udp", $"[::1]:{server.Server.Port}", .. words];

    private static string[] Bulk(TestServer server, params string[] words) => ["query", "bulk", $"[::1]:{server.Server.LeasequeryPort}", .. words];
}

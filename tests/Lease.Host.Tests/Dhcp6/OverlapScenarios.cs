using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Tests.Dhcp6;

/// <summary>Prefixes of different lengths: no two clients have any of their space in common.</summary>
public sealed class OverlapScenarios
{
    [Fact]
    public async Task A_pool_whose_delegated_length_changes_gives_nothing_of_what_clients_have()
    {
        await using var server = await TestServer.StartAsync(PoolOf(54, 56));
        var held = new List<Ipv6Prefix> { (await GetAsync(server, 1)).ShouldNotBeNull() };
        await server.Server.ReconfigureAsync(TestServer.Read(PoolOf(54, 60)));
        for (var client = 10; client < 30; client++)
            held.Add((await GetAsync(server, client)).ShouldNotBeNull());
        await server.Server.ReconfigureAsync(TestServer.Read(PoolOf(54, 56)));
        for (var client = 30; client < 34; client++)
        {
            if (await GetAsync(server, client) is { } prefix)
                held.Add(prefix);
        }

        held.Count.ShouldBeGreaterThan(20);
        AssertApart(held);
    }

    [Fact]
    public async Task A_pool_whose_delegated_length_changed_is_used_up_to_its_last_unit_beside_what_clients_have()
    {
        await using var server = await TestServer.StartAsync(PoolOf(48, 49));
        var first = (await GetAsync(server, 1)).ShouldNotBeNull();
        await server.Server.ReconfigureAsync(TestServer.Read(PoolOf(48, 50)));
        AssertApart([first, (await GetAsync(server, 2)).ShouldNotBeNull(), (await GetAsync(server, 3)).ShouldNotBeNull()]);
        (await server.Client(4, OptionCode.IaPd).BindAsync())
            .ShouldNotBeNull().Associations.Single().Status.ShouldBe(StatusCode.NoPrefixAvail);
    }

    [Theory]
    [InlineData(48)]
    [InlineData(60)]
    [InlineData(64)]
    public async Task Nothing_of_a_reserved_prefix_is_given_to_others_whatever_its_length(int length)
    {
        var reservation = $", \"reservations\": [{{\"duid\": \"00:03:00:01:02:00:00:00:00:01\", \"prefixes\": [\"2001:db8:8000::/{length}\"]}}]";
        await using var server = await TestServer.StartAsync(PoolOf(length == 48 ? 47 : 55, 56, reservation));
        var held = new List<Ipv6Prefix>();
        for (var client = 2; client < (length == 48 ? 52 : 3); client++)
            held.Add((await GetAsync(server, client)).ShouldNotBeNull());
        var own = (await GetAsync(server, 1)).ShouldNotBeNull();
        own.Length.ShouldBe((byte)length);
        AssertApart([.. held, own]);
    }

    [Fact]
    public async Task What_is_reserved_on_another_link_is_given_to_nobody_on_this_one()
    {
        await using var server = await TestServer.StartAsync(
            """
            "subnet6": [
              {"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo",
                  "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 55, "delegated-len": 56}]},
              {"id": 2, "subnet": "2001:db8:2::/64", "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:63",
                  "prefixes": ["2001:db8:8000:10::/60"]}]}]
            """);
        (await GetAsync(server, 1)).ShouldNotBeNull().ToString().ShouldBe("2001:db8:8000:100::/56");
        (await GetAsync(server, 2)).ShouldBeNull();
    }

    private static string PoolOf(int length, int delegated, string more = "")
        => $"\"subnet6\": [{{\"id\": 1, \"subnet\": \"2001:db8:1::/64\", \"interface\": \"lo\", \"pd-pools\": [{{\"prefix\": \"2001:db8:8000::\", \"prefix-len\": {length}, \"delegated-len\": {delegated}}}]{more}}}]";

    private static async Task<Ipv6Prefix?> GetAsync(TestServer server, int client)
        => (await server.Client(client, OptionCode.IaPd).BindAsync()).ShouldNotBeNull().Leases.Where(static l => l.Valid > 0)
            .Select(static l => (Ipv6Prefix?)l.Prefix).SingleOrDefault();

    private static void AssertApart(IReadOnlyList<Ipv6Prefix> prefixes)
    {
        for (var i = 0; i < prefixes.Count; i++)
            prefixes.Skip(i + 1).ShouldAllBe(other => !prefixes[i].Contains(other) && !other.Contains(prefixes[i]),
                $"beside {prefixes[i]}");
    }
}

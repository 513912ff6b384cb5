using Lease.Actors.Dhcp6;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Testing;

namespace Lease.Host.Tests.Dhcp6;

/// <summary>A node with client classes, from its configuration to the packets.</summary>
public sealed class ClassScenarios
{
    // Clients 1 and 2 by their DUIDs; 2 has a reservation.
    private const string Classes = """
        "client-classes": [
          {"name": "one", "test": "option[clientid].hex == 0x00030001020000000001", "valid-lifetime": 600, "option-data": [{"name": "dns-servers", "data": "2001:db8::1"}]},
          {"name": "staff"},
          {"name": "staff-two", "test": "member('staff') and known"},
          {"name": "asks", "test": "1 == 1", "only-if-required": true, "option-data": [{"name": "inf-max-rt", "data": "700"}]},
          {"name": "DROP", "test": "substring(option[1].hex, -1, all) == 0x09"}],
        "option-data": [{"name": "dns-servers", "data": "2001:db8::9"}],
        """;

    private const string Subnets = """
        "shared-networks": [{"name": "net", "interface": "lo", "subnet6": [
          {"id": 1, "subnet": "2001:db8:1::/64", "client-class": "one", "pools": [{"pool": "2001:db8:1::/80"}],
            "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56}]},
          {"id": 2, "subnet": "2001:db8:2::/64", "require-client-classes": ["asks"],
            "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:02", "client-classes": ["staff"]}],
            "pools": [{"pool": "2001:db8:2::1:0/112", "client-class": "staff-two"}, {"pool": "2001:db8:2::2:0/112"}],
            "pd-pools": [{"prefix": "2001:db8:9000::", "prefix-len": 48, "delegated-len": 56, "client-class": "KNOWN"}]}]}]
        """;

    [Fact]
    public async Task Clients_get_what_their_classes_open_to_them()
    {
        await using var server = await TestServer.StartAsync(Classes + Subnets);
        (await LeasesAsync(server, 1)).ShouldBe([("2001:db8:1::/80", 600u), ("2001:db8:8000::/48", 600u)]);
        (await LeasesAsync(server, 2)).ShouldBe([("2001:db8:2::1:0/112", 7200u), ("2001:db8:9000::/48", 7200u)]);
        (await LeasesAsync(server, 3)).ShouldBe([("2001:db8:2::2:0/112", 7200u)]);
    }

    [Fact]
    public async Task Clients_get_the_options_of_their_classes()
    {
        await using var server = await TestServer.StartAsync(Classes + Subnets);
        foreach (var (number, last, infMaxRt) in ((int, byte, bool)[])[(1, 1, false), (3, 9, true)])
        {
            var request = server.Client(number).Request(MessageType.Solicit) with { Requested = [OptionCode.DnsServers, OptionCode.InfMaxRt] };
            var reply = (await server.Peer().ExchangeAsync(request)).ShouldNotBeNull();
            reply.Option(OptionCode.DnsServers)![^1].ShouldBe(last);
            (reply.Option(OptionCode.InfMaxRt) is not null).ShouldBe(infMaxRt);
        }
    }

    [Fact]
    public async Task A_packet_of_DROP_is_counted_and_not_answered()
    {
        await using var server = await TestServer.StartAsync(Classes + Subnets);
        var solicit = new byte[200];
        var length = server.Client(9).Request(MessageType.Solicit).Write(solicit);
        await server.Peer().SendAsync(solicit.AsMemory(0, length));
        await Eventually.TrueAsync(() => Task.FromResult(server.Server.Counters.Received(MessageType.Solicit) == 1), "the SOLICIT comes in");
        (await server.Client(3).BindAsync()).ShouldNotBeNull();
        server.Server.Counters.Dropped(Dhcp6Drop.DropClass).ShouldBe(1);
        server.Server.Counters.Sent(MessageType.Advertise).ShouldBe(1);
    }

    [Fact]
    public async Task A_reread_configuration_moves_a_client_at_its_renewal()
    {
        await using var server = await TestServer.StartAsync(Classes + Subnets);
        var client = server.Client(1);
        var had = (await client.BindAsync()).ShouldNotBeNull().Leases.Single();
        await server.Server.ReconfigureAsync(TestServer.Read(Classes.Replace("0x00030001020000000001", "0x00", StringComparison.Ordinal) + Subnets));
        var moved = (await client.RenewAsync()).ShouldNotBeNull();
        moved.Leases.Single(l => l.Prefix == had.Prefix).Valid.ShouldBe(0u);
        moved.Leases.Single(static l => l.Valid > 0).ShouldSatisfyAllConditions(
            l => In("2001:db8:2::2:0/112", l.Prefix).ShouldBeTrue(), l => l.Valid.ShouldBe(7200u));
        (await server.LeasesAsync()).Where(static l => l.State == LeaseState.Active).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_client_of_DHCPv4_over_DHCPv6_gets_what_its_classes_open_to_it()
    {
        await using var server = await TestServer.StartAsync(
            "\"subnet6\": [{\"id\": 1, \"subnet\": \"2001:db8:1::/64\", \"interface\": \"lo\"}]",
            dhcp4: """
                "client-classes": [{"name": "one", "test": "substring(option[61].hex, -1, all) == 0x01", "valid-lifetime": 600, "boot-file-name": "one.img"}],
                "shared-networks": [{"name": "net", "4o6-interface": "lo", "subnet4": [
                  {"id": 1, "subnet": "192.0.2.0/24", "client-class": "one", "pools": [{"pool": "192.0.2.16/28"}]},
                  {"id": 2, "subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.16/28"}]}]}]
                """);
        var first = (await server.Dhcp4Client(1).BindAsync()).ShouldNotBeNull();
        first.Message.YourAddress.ToString().ShouldStartWith("192.0.2.");
        first.Message.BootFile.ToArray().ShouldBe("one.img"u8.ToArray());
        var second = (await server.Dhcp4Client(2).BindAsync()).ShouldNotBeNull();
        second.Message.YourAddress.ToString().ShouldStartWith("198.51.100.");
        second.Message.BootFile.IsEmpty.ShouldBeTrue();
    }

    // Where the leases of a new client are from, and their lifetimes.
    private static async Task<List<(string From, uint Valid)>> LeasesAsync(TestServer server, int number)
    {
        string[] parts = ["2001:db8:1::/80", "2001:db8:2::1:0/112", "2001:db8:2::2:0/112", "2001:db8:8000::/48", "2001:db8:9000::/48"];
        var reply = (await server.Client(number, OptionCode.IaNa, OptionCode.IaPd).BindAsync()).ShouldNotBeNull();
        return [.. reply.Leases.Select(l => (parts.Single(p => In(p, l.Prefix)), l.Valid))];
    }

    private static bool In(string prefix, Ipv6Prefix lease) => Ipv6Prefix.TryParse(prefix, out var parsed) && parsed.Contains(lease);
}

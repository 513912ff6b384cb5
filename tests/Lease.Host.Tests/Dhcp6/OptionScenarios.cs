using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Host.Tests.Dhcp6;

/// <summary>Options that relays and clients bring along, and what comes back of them.</summary>
public sealed class OptionScenarios
{
    private const string Subnet = """
        "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::1000-2001:db8:1::1fff"}],
          "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56, "excluded-prefix": "2001:db8:8000:0:ff00::", "excluded-prefix-len": 72}]}]
        """;

    [Fact]
    [Trait("RFC", "6422 6")]
    public async Task What_a_relay_supplies_is_passed_on_when_it_may_and_the_server_has_none_itself()
    {
        await using var server = await TestServer.StartAsync("\"relay-supplied-options\": [\"65\", \"23\", \"24\"], \"option-data\": [{\"name\": \"dns-servers\", \"data\": \"2001:db8::53\"}], " + Subnet);
        var supplied = new Dhcp6Writer(new byte[200]);
        supplied.Option(OptionCode.ErpLocalDomain, [1, (byte)'x', 0]);
        supplied.Option(OptionCode.DnsServers, new byte[16]);
        supplied.Option(OptionCode.NtpServer, [0, 1, 0, 16, .. new byte[16]]);
        var reply = await RelayedAsync(server, [(OptionCode.RelaySuppliedOptions, supplied.Written.ToArray())], OptionCode.DnsServers);
        reply.Option(OptionCode.ErpLocalDomain).ShouldBe([1, (byte)'x', 0]);
        reply.Option(OptionCode.DnsServers)![0].ShouldBe((byte)0x20);
        reply.Option(OptionCode.NtpServer).ShouldBeNull();
    }

    [Fact]
    [Trait("RFC", "4994 4.2")]
    public async Task What_a_relay_wants_echoed_comes_back_to_it()
    {
        await using var server = await TestServer.StartAsync(Subnet);
        var reply = await RelayedAsync(server, [(OptionCode.RemoteId, [0, 0, 0, 9, 1]), (OptionCode.SubscriberId, "a"u8.ToArray()), (OptionCode.EchoRequest, [0, (byte)OptionCode.RemoteId])]);
        var options = new RelayMessage(reply.Relays.Hops[0]).Options;
        options.TryGet(OptionCode.RemoteId, out var echoed).ShouldBeTrue();
        echoed.ToArray().ShouldBe([0, 0, 0, 9, 1]);
        options.Contains(OptionCode.SubscriberId).ShouldBeFalse();
    }

    [Fact]
    [Trait("RFC", "4704 6")]
    public async Task A_client_that_names_itself_is_told_its_name_and_that_no_DNS_is_updated()
    {
        await using var server = await TestServer.StartAsync(
            "\"host-reservation-identifiers\": [\"duid\"], " + Subnet.Replace("\"id\": 1,", "\"id\": 1, \"reservations\": [{\"duid\": \"00:03:00:01:02:00:00:00:00:02\", \"hostname\": \"named.example.org\"}],", StringComparison.Ordinal));
        byte[] wanted = [(byte)FqdnFlags.ServerUpdates, 4, .. "mine"u8, 0];
        (await FqdnAsync(server, 1, wanted)).ShouldBe([(byte)(FqdnFlags.NoUpdates | FqdnFlags.Override), 4, .. "mine"u8, 0]);
        (await FqdnAsync(server, 2, wanted)).ShouldBe([(byte)(FqdnFlags.NoUpdates | FqdnFlags.Override), 5, .. "named"u8, 7, .. "example"u8, 3, .. "org"u8, 0]);
    }

    [Fact]
    [Trait("RFC", "6603 5.1")]
    public async Task The_excluded_prefix_is_told_to_clients_that_ask_for_it()
    {
        await using var server = await TestServer.StartAsync(Subnet);
        foreach (var asks in (bool[])[true, false])
        {
            var client = new SimulatedClient(server.Peer(), TestServer.DuidOf(asks ? 1 : 2), [(OptionCode.IaPd, 1)]) { Requested = asks ? [OptionCode.PdExclude] : [] };
            var reply = (await client.BindAsync()).ShouldNotBeNull();
            new OptionList(reply.Option(OptionCode.IaPd)!.AsSpan(12)).TryGet(OptionCode.IaPrefix, out var prefix).ShouldBeTrue();
            new OptionList(prefix[25..]).TryGet(OptionCode.PdExclude, out var excluded).ShouldBe(asks);
            if (asks)
                excluded[0].ShouldBe((byte)72);
        }
    }

    [Fact]
    [Trait("RFC", "8415 21.17")]
    public async Task A_client_gets_the_options_of_its_own_vendor()
    {
        await using var server = await TestServer.StartAsync("""
            "option-def": [{"name": "a", "code": 1, "space": "vendor-1", "type": "uint8"}, {"name": "b", "code": 1, "space": "vendor-2", "type": "uint8"}],
            "option-data": [{"name": "vendor-opts", "data": "1"}, {"name": "a", "space": "vendor-1", "data": "11"}, {"name": "b", "space": "vendor-2", "data": "22"}],
            """ + Subnet);
        var request = server.Client().Request(MessageType.Solicit) with { Requested = [OptionCode.VendorOptions], Options = [(OptionCode.VendorClass, [0, 0, 0, 2, 0, 1, 7])] };
        var reply = (await server.Peer().ExchangeAsync(request)).ShouldNotBeNull();
        reply.Options.Where(static o => o.Code == OptionCode.VendorOptions).ShouldHaveSingleItem().Data.ShouldBe([0, 0, 0, 2, 0, 1, 0, 1, 22]);
    }

    [Fact]
    [Trait("RFC", "8415 18.3.9")]
    public async Task Preference_and_SOL_MAX_RT_come_as_configured()
    {
        await using var server = await TestServer.StartAsync("\"option-data\": [{\"name\": \"preference\", \"data\": \"77\"}, {\"code\": 82, \"data\": \"00000E10\", \"csv-format\": false}], " + Subnet);
        var request = server.Client().Request(MessageType.Solicit) with { Requested = [OptionCode.SolMaxRt] };
        var reply = (await server.Peer().ExchangeAsync(request)).ShouldNotBeNull();
        reply.Option(OptionCode.Preference).ShouldBe([77]);
        reply.Option(OptionCode.SolMaxRt).ShouldBe([0, 0, 0x0e, 0x10]);
    }

    [Fact]
    [Trait("RFC", "8415 18.3.9")]
    public async Task Lifetimes_that_a_client_hints_at_are_honoured_within_minimum_and_maximum()
    {
        await using var server = await TestServer.StartAsync("""
            "min-valid-lifetime": 1000, "valid-lifetime": 2000, "max-valid-lifetime": 3000, "min-preferred-lifetime": 500, "preferred-lifetime": 800, "max-preferred-lifetime": 900,
            """ + Subnet);
        foreach (var (hint, valid) in ((uint, uint)[])[(0, 2000), (10, 1000), (2500, 2500), (9999, 3000)])
        {
            var hinted = new ClientLease(OptionCode.IaNa, 1, new Ipv6Prefix(default, 128), hint, hint);
            var request = server.Client().Request(MessageType.Solicit) with { Leases = hint == 0 ? [] : [hinted] };
            (await server.Peer().ExchangeAsync(request)).ShouldNotBeNull().Leases.Single().Valid.ShouldBe(valid);
        }
    }

    private static async Task<ServerReply> RelayedAsync(TestServer server, IReadOnlyList<(OptionCode, byte[])> options, params OptionCode[] requested)
    {
        var client = new SimulatedClient(server.Peer(), TestServer.DuidOf(1), [(OptionCode.IaNa, 1)])
        {
            Relays = [new RelayHop(new Ipv6Address(new UInt128(0x2001_0db8_0001_0000, 1)), new Ipv6Address(new UInt128(0xfe80_0000_0000_0000, 9)), [.. options, (OptionCode.RelaySourcePort, [0, 0])])],
            Requested = requested,
        };
        return (await client.BindAsync()).ShouldNotBeNull();
    }

    private static async Task<byte[]?> FqdnAsync(TestServer server, int client, byte[] fqdn)
    {
        var request = server.Client(client).Request(MessageType.Solicit) with { Options = [(OptionCode.ClientFqdn, fqdn)], Requested = [OptionCode.ClientFqdn] };
        return (await server.Peer().ExchangeAsync(request)).ShouldNotBeNull().Option(OptionCode.ClientFqdn);
    }
}

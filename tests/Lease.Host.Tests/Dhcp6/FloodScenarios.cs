using System.Net;
using Lease.Host.Tests.Leasequery;
using Lease.Kernel.Persistence;
using Lease.Peers.Dhcp4;
using Lease.Peers.Dhcp6;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Tests.Dhcp6;

/// <summary>Small pools under a flood of SOLICITs or DISCOVERs that nobody finishes.</summary>
public sealed class FloodScenarios
{
    private const int Units = 256;
    private const int FirstFlooder = 10_000;

    private const string SmallPools = """
        "valid-lifetime": 4000, "preferred-lifetime": 3000,
        "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::100-2001:db8:1::1ff"}],
          "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56}]}]
        """;

    private const string NothingFree = """
        "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo"}]
        """;

    private const string SharedAddresses = """
        "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "4o6-interface": "lo",
          "pools": [{"pool": "192.0.2.16-192.0.2.31", "port-sets": {"offset": 6, "psid-len": 4}}]}]
        """;

    private int flooders;

    [Theory]
    [InlineData(OptionCode.IaNa)]
    [InlineData(OptionCode.IaTa)]
    [InlineData(OptionCode.IaPd)]
    public async Task Clients_get_every_unit_of_a_pool_that_offers_have_used_up(OptionCode kind)
    {
        await using var server = await TestServer.StartAsync(SmallPools);
        var flood = server.Peer();
        var peer = server.Peer();
        await FloodAsync(flood, kind, 2 * Units);
        for (var number = 1; number <= Units; number++)
        {
            var client = new SimulatedClient(peer, TestServer.DuidOf(number), [(kind, 1u)]);
            await EventuallyBoundAsync(server, () => BindAsync(client, peer, () => FloodAsync(flood, kind, 2)));
        }

        var leases = await server.LeasesAsync();
        leases.Count(static l => l.State == LeaseState.Active).ShouldBe(Units);
        var late = (await new SimulatedClient(peer, TestServer.DuidOf(9_999), [(kind, 1u)]).BindAsync()).ShouldNotBeNull();
        late.Associations.Single().Status.ShouldBe(kind == OptionCode.IaPd ? StatusCode.NoPrefixAvail : StatusCode.NoAddrsAvail);
    }

    [Fact]
    public async Task Clients_get_every_port_set_of_addresses_that_offers_have_used_up()
    {
        await using var server = await TestServer.StartAsync(SmallPools, dhcp4: SharedAddresses);
        var address = new IPEndPoint(IPAddress.IPv6Loopback, server.Server.Port);
        await using var peer = new Dhcp4Peer(address, TimeProvider.System, new Random(2));
        await DiscoverAsync(server, peer, 2 * Units);
        for (var number = 1; number <= Units; number++)
        {
            var discover = server.Dhcp4Client(number).Request(Dhcp4MessageType.Discover);
            await EventuallyBoundAsync(server, () => BindAsync(discover, peer, () => DiscoverAsync(server, peer, 2)));
        }

        (await server.LeasesAsync()).Count(static l => l.State == LeaseState.Active).ShouldBe(Units);
    }

    [Fact]
    public async Task Of_two_clients_to_whom_an_address_was_offered_one_has_it_and_the_other_gets_another()
    {
        await using var server = await TestServer.StartAsync(SmallPools);
        var peer = server.Peer();
        var first = (await peer.ExchangeAsync(Solicit(1, OptionCode.IaNa))).ShouldNotBeNull();
        var requests = new List<ClientRequest>();
        for (var number = 2; number <= 2 * Units; number++)
        {
            var solicit = Solicit(number, OptionCode.IaNa);
            var offer = (await peer.ExchangeAsync(solicit)).ShouldNotBeNull();
            if (offer.Leases.SequenceEqual(first.Leases))
                requests.Add(Request(solicit, offer));
        }

        requests.Add(Request(Solicit(1, OptionCode.IaNa), first));
        requests.Count.ShouldBeGreaterThan(1, "the address was offered to another client");
        var replies = new List<ClientLease>();
        foreach (var request in requests)
            replies.Add((await peer.ExchangeAsync(request)).ShouldNotBeNull().Leases.ShouldHaveSingleItem());
        replies[0].Prefix.ShouldBe(first.Leases.Single().Prefix);
        replies.Select(static l => l.Prefix).ShouldBeUnique();
    }

    [Fact]
    public async Task A_flood_of_what_cannot_be_served_is_counted_in_the_log_and_not_written()
    {
        using var log = new LogLines();
        await using var server = await TestServer.StartAsync(NothingFree, loggers: log);
        await FloodAsync(server.Peer(), OptionCode.IaNa, 1000);
        log.Lines.Count(static l => l.StartsWith("no free lease", StringComparison.Ordinal)).ShouldBe(10);
        server.Time.Advance(TimeSpan.FromMinutes(1));
        const string more = "990 more in the last minute like: no free lease link=subnet-1";
        log.Lines.ShouldContain(static l => l.StartsWith(more, StringComparison.Ordinal));
    }

    private async Task FloodAsync(UdpPeer peer, OptionCode kind, int solicits)
    {
        for (var i = 0; i < solicits; i++)
            (await peer.ExchangeAsync(Solicit(FirstFlooder + flooders++, kind))).ShouldNotBeNull();
    }

    private async Task DiscoverAsync(TestServer server, Dhcp4Peer peer, int discovers)
    {
        for (var i = 0; i < discovers; i++)
            (await peer.ExchangeAsync(server.Dhcp4Client(FirstFlooder + flooders++).Request(Dhcp4MessageType.Discover))).ShouldNotBeNull();
    }

    private static ClientRequest Solicit(int number, OptionCode kind)
        => new() { Type = MessageType.Solicit, ClientId = TestServer.DuidOf(number), Associations = [(kind, 1u)] };

    private static ClientRequest Request(ClientRequest solicit, ServerReply offer)
        => solicit with { Type = MessageType.Request, ServerId = offer.ServerId, Leases = [.. offer.Leases] };

    // The flood goes on between the client's SOLICIT and its REQUEST.
    private static async Task<bool> BindAsync(SimulatedClient client, UdpPeer peer, Func<Task> flood)
    {
        var offer = (await peer.ExchangeAsync(client.Request(MessageType.Solicit) with { ServerId = default })).ShouldNotBeNull();
        await flood();
        var reply = await peer.ExchangeAsync(Request(client.Request(MessageType.Solicit), offer));
        return reply.ShouldNotBeNull().Leases.Any(static l => l.Valid > 0);
    }

    private static async Task<bool> BindAsync(Dhcp4Request discover, Dhcp4Peer peer, Func<Task> flood)
    {
        var offer = (await peer.ExchangeAsync(discover)).ShouldNotBeNull();
        await flood();
        var serverId = offer.Message.Options.TryGetAddress(Dhcp4OptionCode.ServerId, out var id) ? id : default;
        var chosen = discover with { Type = Dhcp4MessageType.Request, Requested = offer.Message.YourAddress, Ports = offer.Ports };
        var request = chosen with { ServerId = serverId };
        return (await peer.ExchangeAsync(request)).ShouldNotBeNull().Type == Dhcp4MessageType.Ack;
    }

    // A shard that finds nothing asks the store again after two seconds. A REQUEST of what another shard's client was given is refused.
    private static async Task EventuallyBoundAsync(TestServer server, Func<Task<bool>> tryBind)
    {
        for (var tries = 0; tries < 20; tries++)
        {
            if (await tryBind())
                return;
            server.Time.Advance(TimeSpan.FromSeconds(3));
        }

        Assert.Fail("a client got nothing");
    }
}

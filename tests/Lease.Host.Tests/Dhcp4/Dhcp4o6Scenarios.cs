using System.Collections.Concurrent;
using System.Net;
using Lease.Host.Tests.Dhcp6;
using Lease.Host.Tests.Leasequery;
using Lease.Kernel.Persistence;
using Lease.Peers.Dhcp4;
using Lease.Peers.Leasequery;
using Lease.Peers.Mirror;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Host.Tests.Dhcp4;

/// <summary>DHCPv4 over DHCPv6 with real sockets and a real store, and what requestors learn of it.</summary>
public sealed class Dhcp4o6Scenarios
{
    private const string Dhcp6 = """
        "shared-networks": [{"name": "street", "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::1000-2001:db8:1::ffff"}]}]}]
        """;

    private const string Dhcp4 = """
        "valid-lifetime": 4000,
        "shared-networks": [{"name": "street", "subnet4": [
          {"id": 1, "subnet": "192.0.2.0/24", "pools": [
            {"pool": "192.0.2.10-192.0.2.13", "port-sets": {"offset": 6, "psid-len": 4}}, {"pool": "192.0.2.100-192.0.2.199"}]}]}]
        """;

    [Fact]
    public async Task A_lease_with_its_port_set_outlives_a_restart()
    {
        var server = await TestServer.StartAsync(Dhcp6, dhcp4: Dhcp4);
        var client = server.Dhcp4Client(1);
        (await client.BindAsync()).ShouldNotBeNull().Type.ShouldBe(Dhcp4MessageType.Ack);
        var (address, ports) = (client.Address.ShouldNotBeNull(), client.Ports.ShouldNotBeNull());
        var directory = await server.StopAsync();
        await using var again = await TestServer.StartAsync(Dhcp6, directory, server.Time, dhcp4: Dhcp4);
        var same = again.Dhcp4Client(1);
        await same.BindAsync();
        same.Address.ShouldBe(address);
        same.Ports.ShouldBe(ports);
        (await same.RenewAsync()).ShouldNotBeNull().Type.ShouldBe(Dhcp4MessageType.Ack);
    }

    [Fact]
    public async Task Every_port_set_of_a_pool_is_leased_once_and_to_the_last()
    {
        await using var server = await TestServer.StartAsync(Dhcp6, dhcp4: Dhcp4);
        var seen = new HashSet<(Ipv4Address, PortParameters)>();
        for (var number = 1; number <= 64; number++)
        {
            var client = server.Dhcp4Client(number);
            await PersistAsync(client);
            seen.Add((client.Address!.Value, client.Ports.ShouldNotBeNull())).ShouldBeTrue();
        }

        seen.Count.ShouldBe(64);

        // The next one gets an address of its own.
        var late = server.Dhcp4Client(65);
        await PersistAsync(late);
        late.Address.ShouldNotBeNull();
        late.Ports.ShouldBeNull();
        var leases = await server.LeasesAsync();
        leases.Count(static l => l.State == LeaseState.Active).ShouldBe(65);
    }

    [Fact]
    public async Task A_requestor_follows_a_client_from_its_ACK_to_its_end()
    {
        await using var server = await TestServer.StartAsync(Dhcp6, dhcp4: Dhcp4.Replace("4000", "60", StringComparison.Ordinal));
        await using var connection = await server.ConnectAsync();
        var updates = new BlockingCollection<ActiveUpdate>();
        using var stop = new CancellationTokenSource();
        var following = connection.ActiveAsync(LeasequeryRequest.ForIpv4(Ipv4Query.All), updates.Add, stop.Token);
        updates.TryTake(out var begun, TimeSpan.FromSeconds(10)).ShouldBeTrue();
        begun!.Status.ShouldBeNull();
        var client = server.Dhcp4Client(1);
        Ipv6Address.TryParse("2001:db8:1::77", out var tunnel).ShouldBeTrue();
        client.TunnelSource = tunnel;
        await client.BindAsync();
        var (address, ports) = (client.Address.ShouldNotBeNull(), client.Ports);
        var granted = Take(updates);
        granted.Ipv4.ShouldNotBeNull().ShouldSatisfyAllConditions(
            lease => lease.Type.ShouldBe(Dhcp4MessageType.LeaseActive),
            lease => lease.Address.ShouldBe(address),
            lease => lease.Ports.ShouldBe(ports),
            lease => lease.TunnelSource.ShouldBe(tunnel),
            lease => lease.Remaining.ShouldBe(60u));
        granted.ClientId.ShouldBe(TestServer.DuidOf(1));
        await client.ReleaseAsync();
        Take(updates).Ipv4!.ShouldSatisfyAllConditions(
            lease => lease.Type.ShouldBe(Dhcp4MessageType.LeaseUnassigned), lease => lease.State.ShouldBe(DhcpState.Released), lease => lease.Ports.ShouldBe(ports));
        await client.BindAsync();
        Take(updates).Ipv4!.Type.ShouldBe(Dhcp4MessageType.LeaseActive);
        ActiveUpdate? ended = null;
        await Eventually.TrueAsync(
            () =>
            {
                server.Time.Advance(TimeSpan.FromSeconds(5));
                while (updates.TryTake(out ended) && ended.Client is null)
                {
                    // To keep the connection alive.
                }

                return Task.FromResult(ended is not null);
            },
            "the end of the lease is told");
        ended!.Client!.Ipv4!.State.ShouldBe(DhcpState.Expired);
        await stop.CancelAsync();
        await Should.ThrowAsync<Exception>(following);
    }

    [Fact]
    public async Task Bulk_queries_tell_the_leases_by_each_primary_query()
    {
        await using var server = await TestServer.StartAsync(Dhcp6, dhcp4: Dhcp4);
        var clients = Enumerable.Range(1, 40).Select(number => server.Dhcp4Client(number)).ToList();
        foreach (var client in clients)
            await client.BindAsync();
        (await server.BulkAsync(LeasequeryRequest.ForIpv4(Ipv4Query.All))).Count.ShouldBe(40);
        (await server.BulkAsync(LeasequeryRequest.ByLink(default))).ShouldBeEmpty();
        var shared = clients[0].Address;
        var sharing = await server.BulkAsync(LeasequeryRequest.ForIpv4(Ipv4Query.All with { Address = shared }));
        sharing.Count.ShouldBe(clients.Count(c => c.Address == shared));
        sharing.Select(static c => c.Ipv4!.Ports).Distinct().Count().ShouldBe(sharing.Count);
        var one = (await server.BulkAsync(LeasequeryRequest.ForIpv4(Ipv4Query.All with { ClientId = clients[6].ClientId }))).ShouldHaveSingleItem();
        one.Ipv4!.Address.ShouldBe(clients[6].Address!.Value);
        one.Ipv4.ClientId.ToArray().ShouldBe(clients[6].ClientId);
        Ipv4Address.TryParse("192.0.2.199", out var free).ShouldBeTrue();
        (await server.BulkAsync(LeasequeryRequest.ForIpv4(new Ipv4Query { Address = free }))).ShouldHaveSingleItem().Ipv4!.Type.ShouldBe(Dhcp4MessageType.LeaseUnassigned);
    }

    [Fact]
    public async Task A_tunnel_source_is_one_clients_and_does_not_hide_who_holds_the_address_itself()
    {
        await using var server = await TestServer.StartAsync(Dhcp6, dhcp4: Dhcp4);
        var six = server.Client(1);
        await six.BindAsync();
        var tunnel = six.Leases[0].Prefix.Address;
        var first = server.Dhcp4Client(1);
        first.TunnelSource = tunnel;
        (await first.BindAsync())!.Type.ShouldBe(Dhcp4MessageType.Ack);
        var second = server.Dhcp4Client(2);
        second.TunnelSource = tunnel;
        (await second.BindAsync())!.Type.ShouldBe(Dhcp4MessageType.Nak);
        (await server.BulkAsync(LeasequeryRequest.ByAddress(tunnel))).ShouldHaveSingleItem().ClientId.ShouldBe(TestServer.DuidOf(1));
        await first.ReleaseAsync();
        await Eventually.TrueAsync(async () => (await second.BindAsync())!.Type == Dhcp4MessageType.Ack, "the tunnel source is free");
    }

    [Theory]
    [InlineData("\"data\": \"\"", 0)]
    [InlineData("\"data\": \"2001:db8::1, 2001:db8::2\"", 32)]
    public async Task Clients_that_ask_are_told_where_the_4o6_servers_are(string data, int length)
    {
        await using var server = await TestServer.StartAsync($$"""{{Dhcp6}}, "option-data": [{"name": "dhcp4o6-server-addr", {{data}} }]""", dhcp4: Dhcp4);
        var client = new Peers.Dhcp6.SimulatedClient(server.Peer(), TestServer.DuidOf(9), [(OptionCode.IaNa, 1)]) { Requested = [OptionCode.Dhcp4ODhcp6Server] };
        var reply = (await client.BindAsync()).ShouldNotBeNull();
        reply.Options.Single(static o => o.Code == OptionCode.Dhcp4ODhcp6Server).Data.Length.ShouldBe(length);
        var other = server.Client(10);
        (await other.BindAsync())!.Options.ShouldNotContain(static o => o.Code == OptionCode.Dhcp4ODhcp6Server);
    }

    [Fact]
    public async Task DHCPLEASEQUERY_in_DHCPV4_QUERY_is_answered()
    {
        await using var server = await TestServer.StartAsync(Dhcp6, dhcp4: Dhcp4);
        var client = server.Dhcp4Client(1);
        await client.BindAsync();
        await using var peer = new Dhcp4Peer(new IPEndPoint(IPAddress.IPv6Loopback, server.Server.Port), TimeProvider.System, new Random(5));
        var query = new Dhcp4Request { Type = Dhcp4MessageType.LeaseQuery, ClientId = client.ClientId };
        var active = (await peer.ExchangeAsync(query)).ShouldNotBeNull();
        active.Type.ShouldBe(Dhcp4MessageType.LeaseActive);
        active.Message.ClientAddress.ShouldBe(client.Address!.Value);
        (await peer.ExchangeAsync(query with { ClientId = [9, 9] }))!.Type.ShouldBe(Dhcp4MessageType.LeaseUnknown);
        Ipv4Address.TryParse("192.0.2.150", out var free).ShouldBeTrue();
        (await peer.ExchangeAsync(new Dhcp4Request { Type = Dhcp4MessageType.LeaseQuery, ClientAddress = free }))!.Type.ShouldBe(Dhcp4MessageType.LeaseUnassigned);
    }

    [Fact]
    public async Task A_mirror_of_the_IPv4_leases_follows_them()
    {
        var server = await TestServer.StartAsync(Dhcp6, dhcp4: Dhcp4);
        var file = Path.Combine(Directory.CreateTempSubdirectory("lease-mirror-").FullName, "mirror.db");
        using var database = new MirrorDatabase(file);
        var clients = Enumerable.Range(1, 30).Select(number => server.Dhcp4Client(number)).ToList();
        foreach (var client in clients)
            await PersistAsync(client);
        using var stop = new CancellationTokenSource();
        var endpoint = new IPEndPoint(IPAddress.IPv6Loopback, server.Server.LeasequeryPort);
        var mirror = new ServerMirror(new MirrorOptions(endpoint, QueriedServer.Requestor) { Ipv4 = true }, database, TimeProvider.System, NullLogger.Instance);
        var running = mirror.RunAsync(stop.Token);
        await ShouldMirrorAsync(clients, database);
        await clients[3].ReleaseAsync();
        await clients[7].RenewAsync();
        clients.RemoveAt(3);
        await ShouldMirrorAsync(clients, database);
        await stop.CancelAsync();
        await running;
        await server.DisposeAsync();
        database.Dispose();
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    private static Task ShouldMirrorAsync(List<SimulatedDhcp4Client> clients, MirrorDatabase database) => Eventually.TrueAsync(
        () =>
        {
            var wanted = clients.Select(static c => (new Ipv6Address(new UInt128(0, 0xffff_0000_0000UL | c.Address!.Value.Value)), c.Ports is { } p ? (6u << 24) | (4u << 16) | p.Psid : 0)).ToHashSet();
            return Task.FromResult(database.ReadCurrent(0).Select(static l => (l.Prefix.Address, l.Ports)).ToHashSet().SetEquals(wanted));
        },
        "the mirror has what the clients have");

    // Near the end of a pool a shard may offer what another one has given away since it asked: DHCPNAK, and the client begins anew.
    private static async Task PersistAsync(SimulatedDhcp4Client client)
    {
        for (var attempt = 0; client.Address is null && attempt < 20; attempt++)
            (await client.BindAsync()).ShouldNotBeNull();
    }

    // Signs of life in between tell of nobody.
    private static ClientData Take(BlockingCollection<ActiveUpdate> updates)
    {
        ActiveUpdate? update;
        do
            updates.TryTake(out update, TimeSpan.FromSeconds(10)).ShouldBeTrue("no update came");
        while (update!.Client is null);
        return update.Client;
    }
}

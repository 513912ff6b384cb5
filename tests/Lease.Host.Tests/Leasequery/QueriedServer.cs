using System.Net;
using Lease.Host.Tests.Dhcp6;
using Lease.Peers.Dhcp6;
using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Tests.Leasequery;

/// <summary>A server with two links and clients on them, direct and behind relays.</summary>
internal static class QueriedServer
{
    public const string Links = """
        "valid-lifetime": 4000, "preferred-lifetime": 3000,
        "subnet6": [
          {"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::1000-2001:db8:1::ffff"}],
           "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56}]},
          {"id": 2, "subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2::1000-2001:db8:2::ffff"}]}]
        """;

    public static readonly byte[] RelayId = Duid.MakeLinkLayer(1, [4, 0, 0, 0, 0, 1]);
    public static readonly byte[] RemoteId = [0, 0, 0, 9, 0x70, 0x6f, 0x72, 0x74];
    public static readonly byte[] Requestor = Duid.MakeLinkLayer(1, [6, 0, 0, 0, 0, 1]);

    public static readonly Ipv6Address Link1 = Address("2001:db8:1::");
    public static readonly Ipv6Address Link2 = Address("2001:db8:2::");

    /// <summary>Client <paramref name="number"/> on link 2, behind a relay that gives a relay-id, a remote-id and an interface-id.</summary>
    public static SimulatedClient RelayedClient(this TestServer server, int number) => new(server.Peer(), TestServer.DuidOf(number), [(OptionCode.IaNa, 1)])
    {
        Relays =
        [
            new RelayHop(
                Address("2001:db8:2::1"),
                Address("fe80::99"),
                [(OptionCode.InterfaceId, "eth7"u8.ToArray()), (OptionCode.RemoteId, RemoteId), (OptionCode.RelayId, RelayId), (OptionCode.RelaySourcePort, [0, 0])]),
        ],
    };

    public static async Task<List<ClientData>> UdpAsync(this TestServer server, LeasequeryRequest request)
    {
        using var requestor = new UdpRequestor(new IPEndPoint(IPAddress.IPv6Loopback, server.Server.Port), Requestor, TimeProvider.System, new Random(7));
        return await CollectAsync(requestor.QueryAsync(request, Deadline()));
    }

    public static Task<RequestorConnection> ConnectAsync(this TestServer server)
        => RequestorConnection.ConnectAsync(
            new IPEndPoint(IPAddress.IPv6Loopback, server.Server.LeasequeryPort), Requestor, TimeSpan.FromSeconds(20), TimeProvider.System, cancellation: Deadline());

    public static async Task<List<ClientData>> BulkAsync(this TestServer server, LeasequeryRequest request)
    {
        await using var connection = await server.ConnectAsync();
        return await CollectAsync(connection.BulkAsync(request, Deadline()));
    }

    public static async Task<List<ClientData>> CollectAsync(IAsyncEnumerable<ClientData> clients)
    {
        var all = new List<ClientData>();
        await foreach (var client in clients)
            all.Add(client);
        return all;
    }

    public static Ipv6Address Address(string text) => Ipv6Address.TryParse(text, out var address) ? address : throw new ArgumentException(text, nameof(text));

    public static CancellationToken Deadline() => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;
}

using System.Net;
using Lease.Host.Configuration;
using Lease.Host.Server;
using Lease.Kernel.Persistence;
using Lease.Kernel.TestKit;
using Lease.Peers.Dhcp4;
using Lease.Peers.Dhcp6;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Host.Tests.Dhcp6;

/// <summary>A whole node on the loopback with a port of its own, a SQLite store in a temporary folder and a clock that the test moves.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly List<UdpPeer> peers = [];
    private readonly string directory;
    private int lastClient;
    private Dhcp4Peer? dhcp4Peer;

    private readonly VirtualTime? time;

    private TestServer(LeaseServer server, VirtualTime? time, string directory)
    {
        Server = server;
        this.time = time;
        this.directory = directory;
    }

    public LeaseServer Server { get; }

    public VirtualTime Time => time ?? throw new InvalidOperationException("a node of a cluster runs by the system's clock");

    public static string NewDirectory() => Directory.CreateTempSubdirectory("lease-test-").FullName;

    /// <summary>Starts with a <c>Dhcp6</c> body (without interfaces) and a <c>leasequery</c> body.</summary>
    public static async Task<TestServer> StartAsync(string dhcp6, string? directory = null, VirtualTime? time = null, string leasequery = "", ILoggerFactory? loggers = null, string dhcp4 = "")
    {
        time ??= new VirtualTime();
        directory ??= NewDirectory();
        var configuration = Read(dhcp6, leasequery, dhcp4);
        var server = await LeaseServer.StartAsync(configuration, new DataFolder(directory), time, loggers ?? NullLoggerFactory.Instance);
        return new TestServer(server, time, directory);
    }

    /// <summary>Starts a node of a cluster.</summary>
    public static async Task<TestServer> StartAsync(LeaseConfiguration configuration, ILoggerFactory? loggers = null, TimeProvider? time = null)
    {
        var directory = NewDirectory();
        var server = await LeaseServer.StartAsync(
            configuration, new DataFolder(directory), time ?? TimeProvider.System, loggers ?? NullLoggerFactory.Instance);
        return new TestServer(server, time: null, directory);
    }

    public static LeaseConfiguration Read(string dhcp6, string leasequery = "", string dhcp4 = "")
    {
        var text = $$$"""{"Lease": {"server-port": 0, "client-port": 0, "cluster": {"shards": 4}, "leasequery": { {{{leasequery}}} } }, "Dhcp6": {"interfaces-config": {"interfaces": ["lo/::1"]}, {{{dhcp6}}} }{{{(dhcp4.Length == 0 ? "" : $", \"Dhcp4\": {{ {dhcp4} }}")}}} }""";
        var result = ConfigurationReader.Read(text, "test.json");
        result.Problems.Where(static p => p.Severity == Severity.Error).ShouldBeEmpty();
        return result.Configuration!;
    }

    public UdpPeer Peer()
    {
        var peer = new UdpPeer(new IPEndPoint(IPAddress.IPv6Loopback, Server.Port), TimeProvider.System, new Random(1));
        peers.Add(peer);
        return peer;
    }

    /// <summary>A client of DHCPv4 over DHCPv6.</summary>
    public SimulatedDhcp4Client Dhcp4Client(int number, bool acceptsPortSets = true)
        => new(dhcp4Peer ??= new Dhcp4Peer(new IPEndPoint(IPAddress.IPv6Loopback, Server.Port), TimeProvider.System, new Random(1)), DuidOf(number)) { AcceptsPortSets = acceptsPortSets };

    public SimulatedClient Client(params OptionCode[] associations) => Client(++lastClient, associations);

    public SimulatedClient Client(int number, params OptionCode[] associations)
    {
        var kinds = associations.Length == 0 ? [OptionCode.IaNa] : associations;
        return new SimulatedClient(Peer(), DuidOf(number), [.. kinds.Select(static (kind, i) => (kind, (uint)i + 1))]);
    }

    public static byte[] DuidOf(int number) => Duid.MakeLinkLayer(1, [2, 0, 0, 0, (byte)(number >> 8), (byte)number]);

    public async Task<IReadOnlyList<StoredLease>> LeasesAsync()
    {
        var leases = new List<StoredLease>();
        await foreach (var lease in Server.Store.ReadLeasesAsync(CancellationToken.None))
            leases.Add(lease);
        return leases;
    }

    /// <summary>Stops the server and keeps its folder.</summary>
    public async Task<string> StopAsync()
    {
        foreach (var peer in peers)
            await peer.DisposeAsync();
        peers.Clear();
        if (dhcp4Peer is not null)
            await dhcp4Peer.DisposeAsync();
        dhcp4Peer = null;
        await Server.DisposeAsync();
        return directory;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(directory, recursive: true);
    }
}

using System.Net.Sockets;
using Lease.Actors.Leasequery;
using Lease.Host.Tests.Dhcp6;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Tests.Leasequery;

/// <summary>What requestors cost that only wait. The heap is the whole process's, so no other test runs meanwhile.</summary>
[CollectionDefinition(nameof(IdleRequestorTests), DisableParallelization = true)]
[Collection(nameof(IdleRequestorTests))]
public sealed class IdleRequestorTests
{
    private const int Requestors = 1000;
    private const string ManyConnections = """
        "tcp": {"addresses": ["::1"], "max-connections-per-requestor": 1001, "max-connections": 1001}
        """;

    [Fact]
    public async Task A_thousand_idle_requestors_take_less_than_20_megabytes()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: ManyConnections);
        using var first = Follow(server);
        var sockets = new List<Socket>();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Requestors; i++)
            sockets.Add(Follow(server));
        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        server.Server.LeasequeryCounters[LeasequeryCount.ActiveQueries].ShouldBe(Requestors + 1);
        foreach (var socket in sockets)
            socket.Dispose();
        TestContext.Current.TestOutputHelper?.WriteLine($"{taken / Requestors} octets each");
        taken.ShouldBeLessThan(20_000_000);
    }

    // Without anything asynchronous, which would hold memory on this side.
    private static Socket Follow(TestServer server)
    {
        var socket = Wire.Connect(server);
        socket.ReceiveTimeout = 30_000;
        socket.Send(Wire.Query(5, MessageType.ActiveLeaseQuery));
        socket.Receive(new byte[100]).ShouldBeGreaterThan(0);
        return socket;
    }
}

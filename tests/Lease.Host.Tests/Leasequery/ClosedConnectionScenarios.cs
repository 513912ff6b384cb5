using System.Net.Sockets;
using Lease.Actors.Leasequery;
using Lease.Host.Tests.Dhcp6;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;
using Lease.Testing;

namespace Lease.Host.Tests.Leasequery;

/// <summary>
/// A requestor that closes its connection makes room for the next one, while nothing is to be sent (RFC 7653 section 9.4). The clock stands
/// still where a test does not move it: no timer helps.
/// </summary>
public sealed class ClosedConnectionScenarios
{
    private const string OneConnection = "\"tcp\": {\"addresses\": [\"::1\"], \"max-connections-per-requestor\": 1, \"max-queries\": 1}";
    private const string TwoQueries = "\"tcp\": {\"addresses\": [\"::1\"], \"max-connections-per-requestor\": 1, \"max-queries\": 2}";

    [Fact]
    public async Task Ten_active_requestors_that_closed_leave_room_for_the_eleventh()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        var sockets = new List<Socket>();
        for (var i = 0; i < 10; i++)
            sockets.Add(await FollowAsync(server));
        foreach (var socket in sockets)
            socket.Dispose();
        await HasRoomAsync(server);
        server.Server.LeasequeryCounters[LeasequeryCount.ActiveQueries].ShouldBe(10);
    }

    [Fact]
    public async Task A_reset_is_noticed_at_once()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: TwoQueries);
        var socket = await FollowAsync(server);
        Reset(socket);
        await HasRoomAsync(server);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_end_is_noticed_also_where_nothing_is_read_because_as_many_queries_run_as_may(bool byReset)
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: OneConnection);
        var socket = await FollowAsync(server);

        // These wait to be read, and the FIN is behind them.
        for (uint xid = 10; xid < 13; xid++)
            await socket.SendAsync(Wire.Query(xid, MessageType.ActiveLeaseQuery));
        if (byReset)
            Reset(socket);
        else
            socket.Dispose();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await HasRoomAsync(server);
    }

    [Fact]
    [Trait("Seed", "001 9.4")]
    public async Task An_active_query_ends_when_its_requestor_closes_one_side_and_says_so()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: TwoQueries);
        using var socket = await FollowAsync(server);
        socket.Shutdown(SocketShutdown.Send);
        StatusOf(await Wire.ReadFrameAsync(socket)).ShouldBe((MessageType.LeaseQueryDone, StatusCode.QueryTerminated));
        (await socket.ReceiveAsync(new byte[1], QueriedServer.Deadline())).ShouldBe(0);
        await HasRoomAsync(server);
    }

    [Fact]
    [Trait("Seed", "001 9.4")]
    public async Task A_bulk_answer_beside_an_active_query_still_comes_whole()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: TwoQueries);
        for (var i = 1; i <= 20; i++)
            await server.Client(i).BindAsync();
        using var socket = await FollowAsync(server);
        await socket.SendAsync(Wire.Query(9));
        socket.Shutdown(SocketShutdown.Send);
        var (clients, ends) = (0, new List<StatusCode>());
        while (ends.Count < 2)
        {
            var frame = await Wire.ReadFrameAsync(socket);
            var message = Dhcp6Message.FromChecked(frame);
            clients += message.TransactionId == 9 ? message.Options.Count(OptionCode.ClientData) : 0;
            if (message.Type == MessageType.LeaseQueryDone)
                ends.Add(StatusOf(frame).Status);
        }

        clients.ShouldBe(20);
        ends.ShouldBe([StatusCode.Success, StatusCode.QueryTerminated], ignoreOrder: true);
        (await socket.ReceiveAsync(new byte[1], QueriedServer.Deadline())).ShouldBe(0);
    }

    // An active query is running: its first message has come.
    private static async Task<Socket> FollowAsync(TestServer server)
    {
        var socket = Wire.Connect(server);
        await socket.SendAsync(Wire.Query(5, MessageType.ActiveLeaseQuery));
        StatusOf(await Wire.ReadFrameAsync(socket)).ShouldBe((MessageType.LeaseQueryReply, StatusCode.Success));
        return socket;
    }

    private static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }

    private static (MessageType Type, StatusCode Status) StatusOf(byte[] frame)
    {
        Dhcp6Message.TryRead(frame, 0, out var message, out _).ShouldBeTrue();
        return (message.Type, StatusCodeOption.CodeIn(message.Options));
    }

    private static Task HasRoomAsync(TestServer server) => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                await server.BulkAsync(LeasequeryRequest.ByLink(default));
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        },
        "there is room for another connection");
}

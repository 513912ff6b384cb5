using System.Net.Sockets;
using Lease.Actors.Leasequery;
using Lease.Host.Tests.Dhcp6;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp6;
using Lease.Testing;

namespace Lease.Host.Tests.Leasequery;

/// <summary>What comes in on TCP need not be well-formed, whole or wanted (RFC 5460 section 5.1); no other connection suffers.</summary>
public sealed class WireTests
{
    private static readonly byte[] Query = Wire.Query(7);

    [Fact]
    public async Task A_query_split_at_each_octet_is_answered()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await server.Client().BindAsync();
        using var socket = Wire.Connect(server);
        var answers = 0;
        for (var split = 1; split < Query.Length; split += 3)
        {
            await socket.SendAsync(Query.AsMemory(0, split));
            await Task.Yield();
            await socket.SendAsync(Query.AsMemory(split));
            (await Wire.ReadFrameAsync(socket))[0].ShouldBe((byte)MessageType.LeaseQueryReply);
            (await Wire.ReadFrameAsync(socket))[0].ShouldBe((byte)MessageType.LeaseQueryDone);
            answers++;
        }

        answers.ShouldBeGreaterThan(10);
    }

    [Fact]
    public async Task Many_queries_in_one_segment_are_all_answered_in_turn_even_beyond_the_limit_of_parallel_ones()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await server.Client().BindAsync();
        using var socket = Wire.Connect(server);
        var joined = new List<byte>();
        for (byte xid = 1; xid <= 100; xid++)
            joined.AddRange(Wire.Query(xid));
        await socket.SendAsync(joined.ToArray());
        var done = new HashSet<byte>();
        while (done.Count < 100)
        {
            var frame = await Wire.ReadFrameAsync(socket);
            if (frame[0] == (byte)MessageType.LeaseQueryDone)
                done.Add(frame[3]).ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData("0000")]
    [InlineData("0001" + "0e")]
    [InlineData("0004" + "0e00000700")]
    [InlineData("0008" + "0e000007" + "0001ffff")]
    [InlineData("0006" + "0e000007" + "0001")]
    [InlineData("ffff" + "47455420")]
    public async Task What_is_no_message_ends_its_connection_and_no_other(string hex)
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        await server.Client().BindAsync();
        using var good = Wire.Connect(server);
        using var bad = Wire.Connect(server);
        await bad.SendAsync(Convert.FromHexString(hex));
        bad.Shutdown(SocketShutdown.Send);
        await Wire.EndsAsync(bad);
        await good.SendAsync(Query);
        (await Wire.ReadFrameAsync(good))[0].ShouldBe((byte)MessageType.LeaseQueryReply);
    }

    [Fact]
    public async Task A_message_that_never_ends_is_given_up()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        using var socket = Wire.Connect(server);
        await socket.SendAsync(Query.AsMemory(0, 9));
        await Eventually.TrueAsync(() => Task.FromResult(server.Server.LeasequeryCounters[LeasequeryCount.Connections] == 1), "accepted");
        var ended = Wire.EndsAsync(socket);
        for (var i = 0; i < 100 && !ended.IsCompleted; i++)
        {
            // The server's timer begins when it has seen the first octets.
            server.Time.Advance(TimeSpan.FromSeconds(11));
            await Task.WhenAny(ended, Task.Delay(20));
        }

        await ended;
    }

    [Fact]
    public async Task A_message_that_trickles_in_octet_by_octet_is_given_up_too()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        using var socket = Wire.Connect(server);
        var ended = Wire.EndsAsync(socket);
        for (var i = 0; i < 45 && !ended.IsCompleted; i++)
        {
            try
            {
                await socket.SendAsync(Query.AsMemory(i, 1));
            }
            catch (SocketException)
            {
                // The end.
            }

            await Task.WhenAny(ended, Task.Delay(20));
            server.Time.Advance(TimeSpan.FromSeconds(4));
        }

        await ended.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Messages_that_are_no_query_are_ignored_and_the_next_query_is_answered()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        using var socket = Wire.Connect(server);
        await socket.SendAsync(Wire.Frame([(byte)MessageType.Solicit, 0, 0, 1]));
        await socket.SendAsync(Wire.Frame([(byte)MessageType.LeaseQuery, 0, 0, 2]));
        await socket.SendAsync(Query);
        (await Wire.ReadFrameAsync(socket))[0].ShouldBe((byte)MessageType.LeaseQueryReply);
        server.Server.LeasequeryCounters[LeasequeryCount.Invalid].ShouldBe(2);
    }

    [Fact]
    public async Task Connections_beyond_the_limit_are_closed_and_those_before_are_served()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: "\"tcp\": {\"addresses\": [\"::1\"], \"max-connections-per-requestor\": 5}");
        var sockets = new List<Socket>();
        for (var i = 0; i < 5; i++)
            sockets.Add(Wire.Connect(server));

        // Of connections that come at once, any may be taken first.
        await Eventually.TrueAsync(() => Task.FromResult(server.Server.LeasequeryCounters[LeasequeryCount.Connections] == 5), "5 accepted");
        for (var i = 5; i < 300; i++)
            sockets.Add(Wire.Connect(server));
        await Eventually.TrueAsync(() => Task.FromResult(server.Server.LeasequeryCounters[LeasequeryCount.TooManyConnections] == 295), "295 refused");
        await sockets[0].SendAsync(Query);
        (await Wire.ReadFrameAsync(sockets[0]))[0].ShouldBe((byte)MessageType.LeaseQueryReply);
        foreach (var socket in sockets)
            socket.Dispose();

        // And when they have gone there is room again.
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return (await server.BulkAsync(LeasequeryRequest.ByLink(default))).Count == 0;
                }
                catch (IOException)
                {
                    return false;
                }
            },
            "room again");
    }

    [Fact]
    public async Task Garbage_on_many_connections_leaves_the_service_as_it_was()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links, leasequery: "\"tcp\": {\"addresses\": [\"::1\"], \"max-connections-per-requestor\": 1000}");
        await server.Client().BindAsync();
        var random = new Random(99);
        for (var i = 0; i < 300; i++)
        {
            using var socket = Wire.Connect(server);
            var garbage = i % 2 == 0 ? new byte[random.Next(1, 3000)] : [.. Query];
            if (i % 2 == 0)
                random.NextBytes(garbage);
            else
                garbage[random.Next(garbage.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                await socket.SendAsync(garbage);
            }
            catch (SocketException)
            {
                // Closed by the server before it was all sent.
            }
        }

        (await server.BulkAsync(LeasequeryRequest.ByLink(default))).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_requestor_that_does_not_read_costs_no_memory_and_is_given_up_in_the_end()
    {
        await using var server = await TestServer.StartAsync(QueriedServer.Links);
        for (var i = 1; i <= 200; i++)
            await server.Client(i).BindAsync();
        using var socket = Wire.Connect(server, receiveBuffer: 2048);

        // Few octets of queries, which all arrive at once; more octets of answers than the system buffers.
        byte[] queries = [.. Enumerable.Range(1, 500).SelectMany(id => Wire.Query((uint)id))];
        await socket.SendAsync(queries);
        var counters = server.Server.LeasequeryCounters;
        await Eventually.TrueAsync(() => Task.FromResult(counters[LeasequeryCount.ClientsSent] > 0), "answers begin");
        await Eventually.TrueAsync(
            () =>
            {
                server.Time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(counters[LeasequeryCount.SendTimeouts] > 0);
            },
            "given up");
        counters[LeasequeryCount.SendTimeouts].ShouldBe(1);
    }
}

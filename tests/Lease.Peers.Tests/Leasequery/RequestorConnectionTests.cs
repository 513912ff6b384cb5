using Lease.Kernel.TestKit;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp6;
using Lease.Testing;

namespace Lease.Peers.Tests.Leasequery;

/// <summary>Bulk and active queries (RFC 5460, RFC 7653, seed 001 section 8) against a server that plays each part.</summary>
public sealed class RequestorConnectionTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly LeasequeryRequest All = LeasequeryRequest.ByLink(default) with { WithBaseTime = true };

    private readonly ScriptedServer server = new();
    private readonly VirtualTime time = new();

    public void Dispose() => server.Dispose();

    [Fact]
    [Trait("RFC", "5460 6.3")]
    public async Task A_bulk_answer_is_REPLY_DATA_and_DONE()
    {
        var (requestor, peer) = await ConnectAsync();
        var asking = requestor.BulkAsync(All).ToListAsync();
        var query = await peer.ReadAsync();
        query.Type.ShouldBe(MessageType.LeaseQuery);
        await peer.SendAsync(Answers.Reply(query.TransactionId, Answers.Client(1)), Answers.Data(query.TransactionId, Answers.Client(2)), Answers.Done(query.TransactionId));
        (await asking).Select(static c => c.ClientId).ShouldBe([Answers.DuidOf(1), Answers.DuidOf(2)]);
        await EndAsync(requestor, peer);
    }

    [Fact]
    [Trait("RFC", "5460 6.3")]
    public async Task A_REPLY_without_a_client_is_a_whole_answer_and_its_base_time_is_known()
    {
        var (requestor, peer) = await ConnectAsync();
        var asking = requestor.BulkAsync(All, static (_, _) => { });
        await peer.SendAsync(Answers.Reply((await peer.ReadAsync()).TransactionId, Answers.BaseTime(time.GetUtcNow())));
        (await asking).ShouldBe(DhcpTime.ToSeconds(time.GetUtcNow()));
        await EndAsync(requestor, peer);
    }

    [Fact]
    [Trait("RFC", "5460 6.4")]
    public async Task An_error_in_REPLY_or_DONE_ends_the_query_after_what_has_come()
    {
        var (requestor, peer) = await ConnectAsync();
        var refused = requestor.BulkAsync(All).ToListAsync();
        await peer.SendAsync(Answers.Reply((await peer.ReadAsync()).TransactionId, Answers.Status(StatusCode.NotAllowed)));
        (await Should.ThrowAsync<LeasequeryException>(refused)).Status.ShouldBe(StatusCode.NotAllowed);

        var came = new List<ClientData>();
        var brokenOff = requestor.BulkAsync(All, (client, _) => came.Add(client));
        var id = (await peer.ReadAsync()).TransactionId;
        await peer.SendAsync(Answers.Reply(id, Answers.Client(1)), Answers.Data(id, Answers.Client(2)), Answers.Done(id, Answers.Status(StatusCode.QueryTerminated, "stopping")));
        (await Should.ThrowAsync<LeasequeryException>(brokenOff)).Message.ShouldBe("QueryTerminated: stopping");
        came.Count.ShouldBe(2);
        await EndAsync(requestor, peer);
    }

    [Fact]
    [Trait("RFC", "5460 5.1")]
    public async Task Queries_side_by_side_are_told_apart_by_transaction_id()
    {
        var (requestor, peer) = await ConnectAsync();
        var first = requestor.BulkAsync(All).ToListAsync();
        var one = (await peer.ReadAsync()).TransactionId;
        var second = requestor.BulkAsync(All).ToListAsync();
        var two = (await peer.ReadAsync()).TransactionId;
        one.ShouldNotBe(two);
        await peer.SendAsync(Answers.Reply(two, Answers.Client(20)), Answers.Reply(one, Answers.Client(10)), Answers.Data(two, Answers.Client(21)), Answers.Done(two), Answers.Done(one));
        (await first).Select(static c => c.ClientId).ShouldBe([Answers.DuidOf(10)]);
        (await second).Select(static c => c.ClientId).ShouldBe([Answers.DuidOf(20), Answers.DuidOf(21)]);
        await EndAsync(requestor, peer);
    }

    [Fact]
    [Trait("Seed", "003 4.2.2")]
    public async Task Answers_of_nobodys_query_to_other_requestors_and_what_cannot_be_read_are_passed_over()
    {
        var (requestor, peer) = await ConnectAsync();
        var asking = requestor.BulkAsync(All).ToListAsync();
        var id = (await peer.ReadAsync()).TransactionId;
        await peer.SendAsync(
            [],
            [16],
            [.. Answers.Reply(id, Answers.Client(1)), 0, 1, 9],
            Answers.Data(id + 1, Answers.Client(2)),
            Answers.Message(MessageType.LeaseQueryReply, id, Answers.Client(3)),
            Answers.Message(MessageType.Reply, id, Answers.Client(4)),
            Answers.Reply(id, Answers.Client(5)),
            Answers.Done(id));
        (await asking).Single().ClientId.ShouldBe(Answers.DuidOf(5));
        requestor.Stray.ShouldBe(6);
        await EndAsync(requestor, peer);
    }

    [Fact]
    public async Task Messages_split_at_every_octet_are_put_together()
    {
        for (var size = 1; size < 90; size += 8)
        {
            var (requestor, peer) = await ConnectAsync();
            var asking = requestor.BulkAsync(All).ToListAsync();
            var id = (await peer.ReadAsync()).TransactionId;
            byte[] octets = [.. ScriptedConnection.Frame(Answers.Reply(id, Answers.Client(1))), .. ScriptedConnection.Frame(Answers.Data(id, Answers.Client(2))), .. ScriptedConnection.Frame(Answers.Done(id))];
            for (var at = 0; at < octets.Length; at += size)
                await peer.SendOctetsAsync(octets.AsMemory(at, Math.Min(size, octets.Length - at)), CancellationToken.None);
            (await asking).Count.ShouldBe(2);
            await EndAsync(requestor, peer);
        }
    }

    [Fact]
    [Trait("Seed", "001 8.3")]
    public async Task A_server_that_is_silent_for_too_long_is_given_up_but_each_message_gives_it_time_anew()
    {
        var (requestor, peer) = await ConnectAsync();
        time.Advance(TimeSpan.FromSeconds(100));
        var updates = 0;
        var asking = requestor.ActiveAsync(LeasequeryRequest.Everything, _ => Interlocked.Increment(ref updates));
        var id = (await peer.ReadAsync()).TransactionId;
        await peer.SendAsync(Answers.Reply(id));
        for (var i = 2; i < 6; i++)
        {
            await peer.SendAsync(Answers.Data(id));
            var expected = i;
            await Eventually.TrueAsync(() => Volatile.Read(ref updates) == expected, "an update");
            time.Advance(TimeSpan.FromSeconds(20));
            asking.IsCompleted.ShouldBeFalse();
        }

        (await time.UntilDoneAsync(asking)).ShouldBeInRange(TimeSpan.FromSeconds(9), Timeout + TimeSpan.FromSeconds(2));
        (await Should.ThrowAsync<IOException>(asking)).Message.ShouldBe("nothing came for 30 s");
        await EndAsync(requestor, peer);
    }

    [Fact]
    public async Task A_connection_without_a_query_is_kept_however_long_it_is_silent()
    {
        var (requestor, peer) = await ConnectAsync();
        for (var i = 0; i < 10; i++)
            time.Advance(Timeout);
        var asking = requestor.BulkAsync(All).ToListAsync();
        await peer.SendAsync(Answers.Reply((await peer.ReadAsync()).TransactionId));
        (await asking).ShouldBeEmpty();
        await EndAsync(requestor, peer);
    }

    [Fact]
    public async Task A_server_that_never_answers_STARTTLS_is_given_up_and_one_that_refuses_is_told()
    {
        using var directory = new TestCertificate();
        var certificates = directory.Load(time);
        var connecting = RequestorConnection.ConnectAsync(server.Address, Answers.Requestor, Timeout, time, certificates);
        using var silent = await server.AcceptAsync();
        (await silent.ReadAsync()).Type.ShouldBe(MessageType.StartTls);
        (await time.UntilDoneAsync(connecting)).ShouldBeGreaterThanOrEqualTo(Timeout);
        (await Should.ThrowAsync<IOException>(connecting)).Message.ShouldContain("within 30 s");

        connecting = RequestorConnection.ConnectAsync(server.Address, Answers.Requestor, Timeout, time, certificates);
        using var refusing = await server.AcceptAsync();
        await refusing.ReadAsync();
        await refusing.SendAsync(Answers.Message(MessageType.Reply, 1, Answers.Status(StatusCode.TlsConnectionRefused)));
        (await Should.ThrowAsync<LeasequeryException>(connecting)).Status.ShouldBe(StatusCode.TlsConnectionRefused);
    }

    [Fact]
    public async Task Who_takes_clients_slowly_slows_the_server()
    {
        var (requestor, peer) = await ConnectAsync();
        await using var clients = requestor.BulkAsync(All).GetAsyncEnumerator();
        var first = clients.MoveNextAsync();
        var id = (await peer.ReadAsync()).TransactionId;
        var chunk = Enumerable.Range(0, 1000).SelectMany(i => ScriptedConnection.Frame(Answers.Data(id, Answers.Client(i)))).ToArray();
        await peer.SendAsync(Answers.Reply(id, Answers.Client(1)));
        (await first).ShouldBeTrue();

        // Far more than the system's buffers and the requestor's take.
        using var enough = new CancellationTokenSource();
        var sent = 0L;
        var sending = Task.Run(async () =>
        {
            for (; sent < 200_000_000; Interlocked.Add(ref sent, chunk.Length))
                await peer.SendOctetsAsync(chunk, enough.Token);
        });
        await Eventually.TrueAsync(StandsStill, "the server is stopped");
        sending.IsCompleted.ShouldBeFalse();
        await enough.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(sending);
        (await clients.MoveNextAsync()).ShouldBeTrue();
        await clients.DisposeAsync();
        await EndAsync(requestor, peer);

        bool StandsStill()
        {
            var before = Interlocked.Read(ref sent);
            return before > 0 && !SpinWait.SpinUntil(() => Interlocked.Read(ref sent) != before, TimeSpan.FromMilliseconds(200));
        }
    }

    [Fact]
    public async Task Breaking_off_one_query_leaves_the_others_alone()
    {
        var (requestor, peer) = await ConnectAsync();
        var broken = requestor.BulkAsync(All).GetAsyncEnumerator();
        var moving = broken.MoveNextAsync();
        var one = (await peer.ReadAsync()).TransactionId;
        await peer.SendAsync(Answers.Reply(one, Answers.Client(1)), Answers.Data(one, Answers.Client(2)));
        await moving;
        await broken.DisposeAsync();
        var second = requestor.BulkAsync(All).ToListAsync();
        var two = (await peer.ReadAsync()).TransactionId;
        await peer.SendAsync(Answers.Data(one, Answers.Client(3)), Answers.Reply(two, Answers.Client(4)), Answers.Done(one), Answers.Done(two));
        (await second).Single().ClientId.ShouldBe(Answers.DuidOf(4));
        await EndAsync(requestor, peer);
    }

    [Fact]
    public async Task A_connection_that_is_cut_at_any_octet_fails_every_query_on_it()
    {
        var random = new Random(4711);
        for (var round = 0; round < 50; round++)
        {
            var (requestor, peer) = await ConnectAsync();
            var bulk = requestor.BulkAsync(All).ToListAsync();
            var id = (await peer.ReadAsync()).TransactionId;
            var active = requestor.ActiveAsync(LeasequeryRequest.Everything, static _ => { });
            await peer.ReadAsync();
            byte[] octets = [.. ScriptedConnection.Frame(Answers.Reply(id, Answers.Client(1))), .. ScriptedConnection.Frame(Answers.Data(id, Answers.Client(2)))];
            await peer.SendOctetsAsync(octets.AsMemory(0, random.Next(octets.Length)), CancellationToken.None);
            if (round % 2 == 0)
                peer.Cut();
            else
                peer.Dispose();
            await Should.ThrowAsync<IOException>(bulk);
            await Should.ThrowAsync<IOException>(active);
            await requestor.DisposeAsync();
        }
    }

    [Fact]
    public async Task Garbage_never_throws_out_of_the_reading_loop()
    {
        var random = new Random(4711);
        for (var round = 0; round < 100; round++)
        {
            var (requestor, peer) = await ConnectAsync();
            var asking = requestor.BulkAsync(All).ToListAsync();
            var id = (await peer.ReadAsync()).TransactionId;
            var messages = new List<byte[]>();
            for (var i = 0; i < 20; i++)
            {
                var bent = Answers.Data(id, Answers.BaseTime(time.GetUtcNow()), Answers.Client(i), Answers.Status(StatusCode.Success));
                for (var flips = random.Next(4); flips >= 0; flips--)
                    bent[random.Next(4, bent.Length)] = (byte)random.Next(256);
                messages.Add(bent);
            }

            await peer.SendAsync([.. messages, Answers.Done(id)]);
            try
            {
                await asking;
            }
            catch (LeasequeryException)
            {
                // A bent status.
            }

            var next = requestor.BulkAsync(All).ToListAsync();
            await peer.SendAsync(Answers.Reply((await peer.ReadAsync()).TransactionId));
            (await next).ShouldBeEmpty();
            await EndAsync(requestor, peer);
        }
    }

    [Fact]
    [Trait("Seed", "001 8.3.1")]
    public async Task Active_updates_carry_status_and_base_time_until_the_server_is_done()
    {
        var (requestor, peer) = await ConnectAsync();
        var updates = new List<ActiveUpdate>();
        var start = time.GetUtcNow() - TimeSpan.FromMinutes(5);
        var asking = requestor.ActiveAsync(LeasequeryRequest.Everything with { StartTime = start, WithBaseTime = true }, updates.Add);
        var query = await peer.ReadAsync();
        query.Type.ShouldBe(MessageType.ActiveLeaseQuery);
        query.Time(OptionCode.LqStartTime).ShouldBe(DhcpTime.ToSeconds(start));
        query[OptionCode.LqQuery].ShouldBeNull();
        var (id, now) = (query.TransactionId, Answers.BaseTime(time.GetUtcNow()));
        await peer.SendAsync(
            Answers.Reply(id, now, Answers.Client(1)),
            Answers.Data(id, now, Answers.Status(StatusCode.CatchUpComplete)),
            Answers.Data(id, now, Answers.Status(StatusCode.DataMissing)),
            Answers.Data(id, now),
            Answers.Data(id, now, Answers.Client(2, valid: 0)),
            Answers.Done(id, now, Answers.Status(StatusCode.QueryTerminated)));
        (await Should.ThrowAsync<LeasequeryException>(asking)).Status.ShouldBe(StatusCode.QueryTerminated);
        updates.Select(static u => u.Status).ShouldBe([null, StatusCode.CatchUpComplete, StatusCode.DataMissing, null, null, StatusCode.QueryTerminated]);
        updates.Select(static u => u.Client is not null).ShouldBe([true, false, false, false, true, false]);
        updates.Select(static u => u.IsLast).ShouldBe([false, false, false, false, false, true]);
        updates.ShouldAllBe(u => u.BaseTime == DhcpTime.ToSeconds(time.GetUtcNow()));
        updates[4].Client!.Leases.Single().Valid.ShouldBe(0u);
        await EndAsync(requestor, peer);
    }

    [Theory]
    [InlineData(StatusCode.DataMissing)]
    [InlineData(StatusCode.CatchUpComplete)]
    [Trait("Seed", "001 8.3.1")]
    public async Task DataMissing_or_CatchUpComplete_at_the_start_does_not_end_an_active_query(StatusCode status)
    {
        var (requestor, peer) = await ConnectAsync();
        var updates = new List<ActiveUpdate>();
        var asking = requestor.ActiveAsync(LeasequeryRequest.Everything, updates.Add);
        var id = (await peer.ReadAsync()).TransactionId;
        await peer.SendAsync(Answers.Reply(id, Answers.Status(status)), Answers.Data(id, Answers.Client(1)), Answers.Done(id, Answers.Status(StatusCode.NotAllowed)));
        (await Should.ThrowAsync<LeasequeryException>(asking)).Status.ShouldBe(StatusCode.NotAllowed);
        updates.Count.ShouldBe(3);
        await EndAsync(requestor, peer);
    }

    private async Task<(RequestorConnection Requestor, ScriptedConnection Peer)> ConnectAsync()
    {
        var connecting = RequestorConnection.ConnectAsync(server.Address, Answers.Requestor, Timeout, time);
        var peer = await server.AcceptAsync();
        return (await connecting, peer);
    }

    private static async Task EndAsync(RequestorConnection requestor, ScriptedConnection peer)
    {
        await requestor.DisposeAsync().AsTask().WaitAsync(Waiting.Deadline);
        await peer.EndAsync();
        peer.Dispose();
    }
}

using Lease.Kernel.TestKit;
using Lease.Peers.Mirror;
using Lease.Peers.Tests.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Peers.Tests.Mirror;

/// <summary>What seed 001 section 8 and seed 003 section 4.3.4 demand of who keeps a copy, against servers that play each part.</summary>
public sealed class ServerMirrorTests : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("lease-mirror-").FullName;
    private readonly CancellationTokenSource stop = new();
    private readonly ScriptedServer server = new();
    private readonly VirtualTime time = new();
    private readonly List<Task> running = [];
    private readonly MirrorDatabase database;

    public ServerMirrorTests() => database = new MirrorDatabase(Path.Combine(directory, "mirror.db"));

    private DateTimeOffset Now => time.GetUtcNow();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running).WaitAsync(Waiting.Deadline);
        database.Dispose();
        server.Dispose();
        stop.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    [Trait("Seed", "001 8.2")]
    public async Task A_whole_copy_comes_first_and_changes_are_asked_for_from_its_beginning()
    {
        Follow(server);
        using var peer = await AcceptAsync();
        var began = Now;
        var query = await peer.ReadAsync();
        (query.Type, query.Link, query[OptionCode.LqStartTime]).ShouldBe((MessageType.LeaseQuery, default(Ipv6Address), null));
        query[OptionCode.OptionRequest].ShouldBe(new byte[] { 0, 100 });
        var id = query.TransactionId;
        await peer.SendAsync(
            Answers.Reply(id, Answers.BaseTime(began), Answers.Client(1)), Answers.Data(id, Answers.BaseTime(began + TimeSpan.FromSeconds(9)), Answers.Client(2)), Answers.Done(id));
        var active = await peer.ReadAsync();
        (active.Type, active.Time(OptionCode.LqStartTime)).ShouldBe((MessageType.ActiveLeaseQuery, DhcpTime.ToSeconds(began)));
        await ShouldHoldAsync(1, 2);
    }

    [Fact]
    [Trait("Seed", "001 8.2")]
    public async Task An_empty_server_is_followed_from_its_own_time_not_from_this_hosts()
    {
        Follow(server);
        using var peer = await AcceptAsync();
        var there = Now - TimeSpan.FromHours(3);
        await peer.SendAsync(Answers.Reply((await peer.ReadAsync()).TransactionId, Answers.BaseTime(there)));
        (await peer.ReadAsync()).Time(OptionCode.LqStartTime).ShouldBe(DhcpTime.ToSeconds(there));
    }

    [Fact]
    [Trait("Seed", "001 8.3.1")]
    public async Task A_base_time_from_an_unfinished_catch_up_is_never_asked_from()
    {
        var mirror = Follow(server);
        var began = Now;
        using (var first = await CopiedAsync(began, 1))
        {
            var id = (await first.ReadAsync()).TransactionId;
            await first.SendAsync(Answers.Reply(id, At(100), Answers.Client(2)), Answers.Data(id, At(101), Answers.Client(3)));
            await ShouldHoldAsync(1, 2, 3);
            first.Cut();
        }

        mirror.IsCurrent.ShouldBeFalse();
        using (var second = await AcceptAsync())
        {
            var query = await second.ReadAsync();
            query.Time(OptionCode.LqStartTime).ShouldBe(DhcpTime.ToSeconds(began));
            var id = query.TransactionId;
            await second.SendAsync(Answers.Reply(id, At(100), Answers.Client(2)), Answers.Data(id, At(150), Answers.Status(StatusCode.CatchUpComplete)), Answers.Data(id, At(160), Answers.Client(4)));
            await ShouldHoldAsync(1, 2, 3, 4);
            await Eventually.TrueAsync(() => mirror.IsCurrent, "current");
            second.Cut();
        }

        using var third = await AcceptAsync();
        (await third.ReadAsync()).Time(OptionCode.LqStartTime).ShouldBe(DhcpTime.ToSeconds(began + TimeSpan.FromSeconds(160)));

        byte[] At(int seconds) => Answers.BaseTime(began + TimeSpan.FromSeconds(seconds));
    }

    [Fact]
    [Trait("Seed", "001 8.3")]
    public async Task A_server_that_says_QueryTerminated_is_asked_again_from_the_base_time_it_said()
    {
        Follow(server);
        var began = Now;
        using (var first = await CopiedAsync(began))
        {
            var id = (await first.ReadAsync()).TransactionId;
            await first.SendAsync(
                Answers.Reply(id, Answers.BaseTime(began), Answers.Status(StatusCode.CatchUpComplete)),
                Answers.Done(id, Answers.BaseTime(began + TimeSpan.FromSeconds(7)), Answers.Status(StatusCode.QueryTerminated)));
        }

        using var second = await AcceptAsync();
        (await second.ReadAsync()).Time(OptionCode.LqStartTime).ShouldBe(DhcpTime.ToSeconds(began + TimeSpan.FromSeconds(7)));
    }

    [Fact]
    [Trait("Seed", "001 8.3")]
    public async Task A_server_that_is_silent_for_ACTIVE_LQ_RCV_TIMEOUT_is_connected_to_anew()
    {
        Follow(server);
        using var first = await CopiedAsync(Now);
        await first.SendAsync(Answers.Reply((await first.ReadAsync()).TransactionId, Answers.BaseTime(Now), Answers.Status(StatusCode.CatchUpComplete)));
        var accepting = server.AcceptAsync();
        (await time.UntilDoneAsync(accepting)).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(119));
        using var second = await accepting;
        (await second.ReadAsync()).Type.ShouldBe(MessageType.ActiveLeaseQuery);
    }

    [Fact]
    [Trait("Seed", "001 8.3.1")]
    public async Task DataMissing_at_the_start_has_the_hole_fetched_by_bulk_and_what_ended_in_it_found_by_a_whole_copy()
    {
        var mirror = Follow(server);
        var began = Now;
        var missing = began + TimeSpan.FromHours(5);
        using var active = await CopiedAsync(began, 1, 2, 3);
        var id = (await active.ReadAsync()).TransactionId;
        await active.SendAsync(Answers.Reply(id, Answers.BaseTime(missing), Answers.Status(StatusCode.DataMissing)));

        using var bulk = await server.AcceptAsync();
        var hole = await bulk.ReadAsync();
        (hole.Time(OptionCode.LqStartTime), hole.Time(OptionCode.LqEndTime)).ShouldBe((DhcpTime.ToSeconds(began), DhcpTime.ToSeconds(missing)));
        await bulk.SendAsync(Answers.Reply(hole.TransactionId, Answers.BaseTime(missing), Answers.Client(4)), Answers.Done(hole.TransactionId));
        var whole = await bulk.ReadAsync();
        (whole.Time(OptionCode.LqStartTime), whole.Time(OptionCode.LqEndTime)).ShouldBe((null, null));
        await ShouldHoldAsync(1, 2, 3, 4);

        // Told while the whole copy runs: a client that the copy does not know yet, and the end of one that it still tells of.
        await active.SendAsync(Answers.Data(id, Answers.BaseTime(missing), Answers.Client(5)), Answers.Data(id, Answers.BaseTime(missing), Answers.Client(3, valid: 0)));
        await ShouldHoldAsync(1, 2, 4, 5);
        mirror.IsCurrent.ShouldBeFalse();
        database.BaseTimeOf(server.Address.ToString()).ShouldBe(DhcpTime.ToSeconds(began));
        await bulk.SendAsync(
            Answers.Reply(whole.TransactionId, Answers.BaseTime(missing), Answers.Client(1)),
            Answers.Data(whole.TransactionId, Answers.BaseTime(missing), Answers.Client(3)),
            Answers.Data(whole.TransactionId, Answers.BaseTime(missing), Answers.Client(4)),
            Answers.Done(whole.TransactionId));
        await ShouldHoldAsync(1, 4, 5);

        await bulk.EndAsync();
        await active.SendAsync(Answers.Data(id, Answers.BaseTime(missing + TimeSpan.FromSeconds(60))));
        await Eventually.TrueAsync(() => mirror.IsCurrent, "current");
        database.BaseTimeOf(server.Address.ToString()).ShouldBe(DhcpTime.ToSeconds(missing + TimeSpan.FromSeconds(60)));
    }

    [Fact]
    [Trait("Seed", "001 8.3.1")]
    public async Task A_hole_that_was_not_fetched_to_the_end_is_found_again_after_a_cut()
    {
        Follow(server);
        var began = Now;
        using (var active = await CopiedAsync(began, 1))
        {
            var id = (await active.ReadAsync()).TransactionId;
            var missing = Answers.BaseTime(began + TimeSpan.FromHours(5));
            await active.SendAsync(Answers.Reply(id, missing), Answers.Data(id, missing, Answers.Status(StatusCode.DataMissing)));
            using var bulk = await server.AcceptAsync();
            var hole = await bulk.ReadAsync();
            await bulk.SendAsync(Answers.Reply(hole.TransactionId, missing, Answers.Client(2)));
            await active.SendAsync(Answers.Data(id, missing, Answers.Client(3)));
            await ShouldHoldAsync(1, 3);
            bulk.Cut();
            await active.EndAsync();
        }

        using var again = await AcceptAsync();
        var query = await again.ReadAsync();
        (query.Type, query.Time(OptionCode.LqStartTime)).ShouldBe((MessageType.ActiveLeaseQuery, DhcpTime.ToSeconds(began)));
    }

    [Fact]
    [Trait("Seed", "001 8.4")]
    public async Task Times_are_kept_by_this_hosts_clock_whatever_the_servers_says()
    {
        Follow(server);
        var ahead = Now + TimeSpan.FromHours(1);
        using var peer = await CopiedAsync(ahead, 1);
        await peer.ReadAsync();
        await ShouldHoldAsync(1);
        var lease = database.ReadCurrent(Now.ToUnixTimeSeconds()).Single();
        (lease.ValidUntil - Now.ToUnixTimeSeconds()).ShouldBeInRange(3998, 4001);
        (Now.ToUnixTimeSeconds() - lease.LastTransactionAt).ShouldBeInRange(9, 12);
        database.SkewOf(server.Address.ToString())!.Value.ShouldBe(3600, 2);
    }

    [Fact]
    [Trait("Seed", "003 4.3.4")]
    public async Task Of_several_servers_the_newest_last_transaction_counts_and_what_is_disjoint_is_merged()
    {
        using var other = new ScriptedServer();
        Follow(server);
        Follow(other);
        using var first = await CopiedAsync(Now, server, Answers.Client(1, since: 100), Answers.Client(2, since: 10, address: 7), Answers.Client(3));
        using var second = await CopiedAsync(Now, other, Answers.Client(1, since: 50, valid: 9000), Answers.Client(4, since: 90, address: 7), Answers.Client(5));
        await ShouldHoldAsync(1, 3, 5, 7);
        var leases = database.ReadCurrent(Now.ToUnixTimeSeconds());
        leases.Single(static l => l.Prefix.Address == Answers.AddressOf(1)).ValidUntil.ShouldBeGreaterThan(Now.ToUnixTimeSeconds() + 8000);
        leases.Single(static l => l.Prefix.Address == Answers.AddressOf(7)).ClientId.ShouldBe(Answers.DuidOf(2));

        // The end of the newer one's: the older news of the other server's are not taken for true again.
        var id = (await first.ReadAsync()).TransactionId;
        await first.SendAsync(Answers.Reply(id, Answers.BaseTime(Now), Answers.Client(2, valid: 0, since: 0, address: 7)));
        await ShouldHoldAsync(1, 3, 5);
    }

    [Fact]
    public async Task Random_octets_from_the_server_never_end_the_mirror()
    {
        var random = new Random(4711);
        Follow(server);
        for (var round = 0; round < 60; round++)
        {
            using var peer = await AcceptAsync();
            var id = (await peer.ReadAsync()).TransactionId;
            var bent = ScriptedConnection.Frame(Answers.Reply(id, Answers.BaseTime(Now), Answers.Client(round), Answers.Client(round + 1)));
            for (var i = 0; i < 3; i++)
                bent[random.Next(bent.Length)] = (byte)random.Next(256);
            await peer.SendOctetsAsync(bent, CancellationToken.None);
            peer.Cut();
        }

        running.ShouldAllBe(static r => !r.IsCompleted);
    }

    private ServerMirror Follow(ScriptedServer of)
    {
        var retry = TimeSpan.FromMilliseconds(1);
        var mirror = new ServerMirror(new MirrorOptions(of.Address, Answers.Requestor) { FirstRetry = retry, MaxRetry = retry }, database, time, NullLogger.Instance);
        running.Add(mirror.RunAsync(stop.Token));
        return mirror;
    }

    private async Task<ScriptedConnection> AcceptAsync(ScriptedServer? at = null)
    {
        var accepting = (at ?? server).AcceptAsync();
        await time.UntilDoneAsync(accepting, 0.001);
        return await accepting;
    }

    private Task<ScriptedConnection> CopiedAsync(DateTimeOffset baseTime, params int[] clients) => CopiedAsync(baseTime, server, [.. clients.Select(static c => Answers.Client(c))]);

    /// <summary>The mirror's connection, after its whole copy was answered.</summary>
    private async Task<ScriptedConnection> CopiedAsync(DateTimeOffset baseTime, ScriptedServer from, params byte[][] clients)
    {
        var peer = await AcceptAsync(from);
        var id = (await peer.ReadAsync()).TransactionId;
        var told = Answers.BaseTime(baseTime);
        await peer.SendAsync(clients.Length == 0
            ? [Answers.Reply(id, told)]
            : [Answers.Reply(id, told, clients[0]), .. clients[1..].Select(c => Answers.Data(id, told, c)), Answers.Done(id, told)]);
        return peer;
    }

    private Task ShouldHoldAsync(params int[] addresses)
        => Eventually.TrueAsync(
            () => database.ReadCurrent(Now.ToUnixTimeSeconds()).Select(static l => l.Prefix.Address).SequenceEqual(addresses.Select(Answers.AddressOf)),
            $"the mirror holds {string.Join(", ", addresses)}");
}

using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Leasequery;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Leasequery;

/// <summary>Seed 001 (RFC 7653) sections 6 to 9, where time, the journal and the requestor's reading are the test's.</summary>
public sealed class ActiveScenarios
{
    [Fact]
    [Trait("Seed", "001 6.2.1")]
    public async Task A_query_is_acknowledged_at_once_and_each_change_comes_in_a_DATA_of_its_own()
    {
        await using var kit = new LeasequeryKit();
        var connection = Follow(kit);
        connection.TakeAll().ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            static a => a.Type.ShouldBe(MessageType.LeaseQueryReply), static a => a.Status.ShouldBeNull(), static a => a.Clients.ShouldBeEmpty());
        kit.Commit(1);
        kit.Commit(1, LeasePhase.Released);
        var answers = connection.TakeAll();
        answers.ShouldAllBe(static a => a.Type == MessageType.LeaseQueryData);
        answers.Select(static a => a.Clients.Single().Valid).ShouldBe([4000u, 0u]);
    }

    [Fact]
    [Trait("Seed", "001 7")]
    public async Task A_requestor_that_does_not_read_is_told_the_current_state_of_each_binding_when_it_reads_again()
    {
        await using var kit = new LeasequeryKit();
        var connection = Follow(kit);
        connection.TakeAll();
        for (var i = 1; i <= 5000; i++)
            kit.Commit(i % 100);
        kit.Service.Counters[LeasequeryCount.FellBehind].ShouldBe(1);
        connection.Pending.ShouldBeLessThanOrEqualTo(128 << 10);
        kit.Time.Advance(TimeSpan.FromSeconds(1));
        kit.Commit(7, LeasePhase.Released);
        var clients = connection.TakeAll().SelectMany(static a => a.Clients).ToList();
        clients.Count.ShouldBeLessThan(5000);
        clients.Last(static c => c.Client == Convert.ToHexString(MemoryTables.DuidOf(7))).Valid.ShouldBe(0u);
        clients.Select(static c => c.Client).Distinct().Count().ShouldBe(100);

        // And from now on it is live again.
        kit.Commit(3);
        connection.TakeAll().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_change_that_is_told_while_the_tables_are_away_ends_the_query_not_the_session()
    {
        await using var kit = new LeasequeryKit();
        var connection = Follow(kit);
        connection.TakeAll();
        kit.CommitElsewhere(1, LeasePhase.Released);
        connection.TakeAll().ShouldHaveSingleItem().Clients.Single().Valid.ShouldBe(0u);
        kit.Tables.AreAway = true;
        kit.CommitElsewhere(2, LeasePhase.Released);
        connection.TakeAll().ShouldHaveSingleItem().Status.ShouldBe(StatusCode.UnspecFail);
        connection.Closed.ShouldBeNull();
        kit.Tables.AreAway = false;
        connection.Send(LeasequeryKit.Query());
        connection.TakeAll().ShouldNotBeEmpty();
    }

    [Fact]
    [Trait("Seed", "001 8.3.1")]
    public async Task Changes_during_a_catch_up_are_not_missed()
    {
        await using var kit = new LeasequeryKit();
        var start = kit.Time.GetUtcNow();
        for (var i = 1; i <= 3000; i++)
            kit.Commit(i);
        kit.Time.Advance(TimeSpan.FromSeconds(5));
        var connection = Follow(kit, start);
        for (var i = 3001; i <= 3100; i++)
            kit.Commit(i);
        var answers = connection.TakeAll();
        answers.SelectMany(static a => a.Clients).Select(static c => c.Client).Distinct().Count().ShouldBe(3100);
        answers.Count(static a => a.Status == StatusCode.CatchUpComplete).ShouldBe(1);
    }

    [Fact]
    [Trait("Seed", "001 8.3.1")]
    public async Task A_base_time_never_runs_ahead_of_what_was_sent()
    {
        await using var kit = new LeasequeryKit();
        var start = kit.Time.GetUtcNow();
        var changed = new Dictionary<string, uint>();
        for (var i = 1; i <= 3000; i++)
        {
            kit.Commit(i);
            changed[Convert.ToHexString(MemoryTables.DuidOf(i))] = DhcpTime.ToSeconds(kit.Time.GetUtcNow());
            if (i % 10 == 0)
                kit.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var connection = Follow(kit, start);
        var answers = connection.TakeAll();
        var told = new HashSet<string>();
        foreach (var answer in answers)
        {
            foreach (var (client, _) in answer.Clients)
                told.Add(client);
            changed.Where(c => c.Value < answer.BaseTime!.Value).ShouldAllBe(c => told.Contains(c.Key), "a reconnect with this base time would miss something");
        }

        told.Count.ShouldBe(3000);
    }

    [Fact]
    [Trait("Seed", "001 8.3.1")]
    public async Task DataMissing_at_the_start_carries_the_current_time_and_updates_follow()
    {
        await using var kit = new LeasequeryKit();
        var start = kit.Time.GetUtcNow();
        kit.Commit(1);
        kit.Commit(2);
        kit.Tables.FirstEvent = 1;
        kit.Time.Advance(TimeSpan.FromSeconds(10));
        var connection = Follow(kit, start);
        var missing = connection.TakeAll().ShouldHaveSingleItem();
        (missing.Type, missing.Status, missing.BaseTime).ShouldBe((MessageType.LeaseQueryReply, StatusCode.DataMissing, DhcpTime.ToSeconds(kit.Time.GetUtcNow())));
        kit.Commit(3);
        connection.TakeAll().ShouldHaveSingleItem().Type.ShouldBe(MessageType.LeaseQueryData);
    }

    [Fact]
    [Trait("Seed", "001 8.3.1")]
    public async Task DataMissing_in_the_middle_ends_the_catch_up_when_the_saved_data_goes_while_the_requestor_is_slow()
    {
        await using var kit = new LeasequeryKit();
        var start = kit.Time.GetUtcNow();
        for (var i = 1; i <= 5000; i++)
            kit.Commit(i);
        var connection = Follow(kit, start);
        kit.Tables.FirstEvent = 4500;
        kit.Time.Advance(TimeSpan.FromSeconds(1));
        var answers = connection.TakeAll();
        var missing = answers.Single(static a => a.Status == StatusCode.DataMissing);
        (missing.Type, missing.BaseTime).ShouldBe((MessageType.LeaseQueryData, DhcpTime.ToSeconds(kit.Time.GetUtcNow())));
        answers.ShouldAllBe(static a => a.Status != StatusCode.CatchUpComplete);
        kit.Commit(6000);
        connection.TakeAll().ShouldHaveSingleItem().Clients.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Changes_that_were_committed_and_not_published_are_filled_from_the_tables()
    {
        await using var kit = new LeasequeryKit();
        var connection = Follow(kit);
        kit.Commit(1);
        kit.Tables.Change(2);
        kit.Commit(3, hasGap: true);
        connection.TakeAll().SelectMany(static a => a.Clients).Select(static c => c.Client).Distinct()
            .ShouldBe([.. ((int[])[1, 2, 3]).Select(static i => Convert.ToHexString(MemoryTables.DuidOf(i)))], ignoreOrder: true);
    }

    [Fact]
    [Trait("Seed", "001 8.3")]
    public async Task An_idle_query_says_that_it_lives_every_ACTIVE_LQ_IDLE_TIMEOUT()
    {
        await using var kit = new LeasequeryKit();
        var connection = Follow(kit);
        connection.TakeAll();
        for (var i = 0; i < 200; i++)
        {
            kit.Time.Advance(TimeSpan.FromSeconds(1));
            connection.TakeAll();
        }

        var idle = connection.Answers.Skip(1).ToList();
        idle.Count.ShouldBe(3);
        idle.ShouldAllBe(static a => a.Type == MessageType.LeaseQueryData && a.Clients.Count == 0 && a.Status == null);
        idle.Select(static a => a.BaseTime!.Value).ShouldBeInOrder();
        idle[^1].BaseTime!.Value.ShouldBeGreaterThan(connection.Answers[0].BaseTime!.Value + 150);
    }

    [Fact]
    [Trait("Seed", "001 9.2")]
    public async Task A_requestor_that_reads_nothing_for_ACTIVE_LQ_SEND_TIMEOUT_is_given_up()
    {
        await using var kit = new LeasequeryKit();
        var connection = Follow(kit);
        connection.TakeAll();
        kit.Commit(1);
        kit.Time.Advance(TimeSpan.FromSeconds(119));
        connection.Closed.ShouldBeNull();
        kit.Time.Advance(TimeSpan.FromSeconds(3));
        connection.Closed.ShouldBe("nothing was read for 120 s");
    }

    [Fact]
    [Trait("Seed", "001 9.2")]
    public async Task An_end_time_is_refused_with_MalformedQuery_and_the_connection_is_closed()
    {
        await using var kit = new LeasequeryKit();
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query(type: MessageType.ActiveLeaseQuery, change: static o => o.Add((OptionCode.LqEndTime, [0, 0, 0, 1]))));
        var reply = connection.TakeAll().ShouldHaveSingleItem();
        (reply.Type, reply.Status).ShouldBe((MessageType.LeaseQueryReply, StatusCode.MalformedQuery));
        connection.Closed.ShouldBe("refused: MalformedQuery");
    }

    [Fact]
    [Trait("Seed", "001 9.2")]
    public async Task A_service_that_is_off_answers_NotSupported()
    {
        await using var kit = new LeasequeryKit(new LeasequeryConfiguration { Active = false });
        var connection = Follow(kit);
        connection.TakeAll().ShouldHaveSingleItem().Status.ShouldBe(StatusCode.NotSupported);
        connection.Closed.ShouldNotBeNull();
    }

    [Fact]
    [Trait("Seed", "001 9.4")]
    public async Task A_server_that_stops_sends_DONE_with_QueryTerminated_and_the_base_time_as_the_last_message()
    {
        await using var kit = new LeasequeryKit();
        var connection = Follow(kit);
        connection.TakeAll();
        kit.Commit(1);
        var stopping = kit.Service.StopAsync(TimeSpan.FromSeconds(5));
        var last = connection.TakeAll()[^1];
        (last.Type, last.Status).ShouldBe((MessageType.LeaseQueryDone, StatusCode.QueryTerminated));
        last.BaseTime.ShouldNotBeNull();
        connection.Closed.ShouldNotBeNull();
        await stopping;
    }

    private static ScriptedConnection Follow(LeasequeryKit kit, DateTimeOffset? start = null)
    {
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query(type: MessageType.ActiveLeaseQuery, change: o =>
        {
            if (start is not { } time)
                return;
            var seconds = new byte[4];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(seconds, DhcpTime.ToSeconds(time));
            o.Add((OptionCode.LqStartTime, seconds));
        }));
        return connection;
    }
}

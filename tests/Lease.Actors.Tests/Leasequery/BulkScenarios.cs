using Akka.Actor;
using Lease.Actors.Configuration;
using Lease.Actors.Leasequery;
using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Leasequery;

/// <summary>RFC 5460 sections 5 and 6, on a connection of the test's.</summary>
public sealed class BulkScenarios
{
    [Fact]
    [Trait("RFC", "5460 6.3")]
    public async Task An_answer_is_a_REPLY_with_the_first_client_DATA_for_each_other_and_DONE()
    {
        await using var kit = new LeasequeryKit();
        for (var i = 1; i <= 3; i++)
            kit.Tables.Change(i);
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query(xid: 9));
        var answers = connection.TakeAll();
        answers.Select(static a => a.Type).ShouldBe([MessageType.LeaseQueryReply, MessageType.LeaseQueryData, MessageType.LeaseQueryData, MessageType.LeaseQueryDone]);
        answers.ShouldAllBe(static a => a.Xid == 9 && a.BaseTime != null);
        answers.Take(3).ShouldAllBe(static a => a.Clients.Count == 1 && a.Clients[0].Valid == 4000);
    }

    [Fact]
    [Trait("RFC", "5460 6.3")]
    public async Task An_answer_without_a_client_is_the_REPLY_alone()
    {
        await using var kit = new LeasequeryKit();
        kit.Tables.Change(1, Bindings.LeasePhase.Released);
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query());
        connection.TakeAll().ShouldHaveSingleItem().Type.ShouldBe(MessageType.LeaseQueryReply);
        connection.Credits.ShouldBe(1);
    }

    [Fact]
    public async Task Tables_that_cannot_be_read_end_the_query_with_UnspecFail_and_the_connection_goes_on()
    {
        await using var kit = new LeasequeryKit();
        kit.Tables.Change(1);
        kit.Tables.AreAway = true;
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query());
        connection.TakeAll().ShouldHaveSingleItem().Status.ShouldBe(StatusCode.UnspecFail);
        kit.Ask(LeasequeryKit.Query()).ShouldBeNull();
        kit.Tables.AreAway = false;
        connection.Send(LeasequeryKit.Query());
        connection.TakeAll()[0].Clients.Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_base_time_does_not_run_ahead_of_the_stores_clock()
    {
        await using var kit = new LeasequeryKit();
        kit.Tables.Change(1);
        kit.Tables.ClockBehind = TimeSpan.FromSeconds(7);
        var now = DhcpTime.ToSeconds(kit.Time.GetUtcNow() - kit.Tables.ClockBehind);
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query());
        connection.TakeAll().ShouldAllBe(a => a.BaseTime == now);
        Dhcp6Message.TryRead(kit.Ask(LeasequeryKit.Query()).ShouldNotBeNull(), 0, out var reply, out _).ShouldBeTrue();
        Answer.Of(reply).BaseTime.ShouldBe(now);
    }

    [Fact]
    [Trait("RFC", "5460 6.5")]
    public async Task No_more_queries_are_read_than_run_at_once_and_a_slow_reader_costs_two_buffers()
    {
        await using var kit = new LeasequeryKit(new LeasequeryConfiguration { Tcp = new LeasequeryTcp { MaxQueries = 2 } });
        for (var i = 1; i <= 5000; i++)
            kit.Tables.Change(i);
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query(xid: 1));
        connection.Send(LeasequeryKit.Query(xid: 2));
        connection.Credits.ShouldBe(0);
        connection.Pending.ShouldBeLessThanOrEqualTo(128 << 10);
        var answers = connection.TakeAll();
        foreach (var xid in (uint[])[1, 2])
        {
            var own = answers.Where(a => a.Xid == xid).ToList();
            own.Sum(static a => a.Clients.Count).ShouldBe(5000);
            own[^1].Type.ShouldBe(MessageType.LeaseQueryDone);
        }

        connection.Credits.ShouldBe(1);
    }

    [Fact]
    [Trait("RFC", "5460 6.4")]
    public async Task A_server_that_stops_says_QueryTerminated_and_closes()
    {
        await using var kit = new LeasequeryKit();
        for (var i = 1; i <= 5000; i++)
            kit.Tables.Change(i);
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query());
        var stopping = kit.Service.StopAsync(TimeSpan.FromSeconds(5));
        var last = connection.TakeAll()[^1];
        (last.Type, last.Status).ShouldBe((MessageType.LeaseQueryDone, StatusCode.QueryTerminated));
        connection.Closed.ShouldBe("the server stops");
        await stopping;
        kit.Service.Accept(new ScriptedConnection()).ShouldBeNull();
    }

    [Fact]
    [Trait("RFC", "5460 6.5")]
    public async Task A_second_query_with_the_transaction_id_of_a_running_one_is_ignored()
    {
        await using var kit = new LeasequeryKit();
        for (var i = 1; i <= 5000; i++)
            kit.Tables.Change(i);
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query(xid: 5));
        connection.Send(LeasequeryKit.Query(xid: 5));
        connection.TakeAll().Count(static a => a.Type == MessageType.LeaseQueryDone).ShouldBe(1);
        kit.Service.Counters[LeasequeryCount.Invalid].ShouldBe(1);
    }

    [Fact]
    [Trait("RFC", "5460 6.6")]
    public async Task An_idle_connection_is_closed_and_one_that_is_not_read_is_given_up()
    {
        await using var kit = new LeasequeryKit();
        var idle = kit.Connect();
        kit.Time.Advance(TimeSpan.FromSeconds(299));
        idle.Closed.ShouldBeNull();
        kit.Time.Advance(TimeSpan.FromSeconds(3));
        idle.Closed.ShouldBe("idle for 300 s");
        for (var i = 1; i <= 2000; i++)
            kit.Tables.Change(i);
        var stuck = kit.Connect();
        stuck.Send(LeasequeryKit.Query());
        kit.Time.Advance(TimeSpan.FromSeconds(32));
        stuck.Closed.ShouldBe("nothing was read for 30 s");
        kit.Service.Counters[LeasequeryCount.SendTimeouts].ShouldBe(1);
    }

    [Fact]
    [Trait("RFC", "5460 6.6")]
    public async Task A_half_closed_connection_is_answered_and_then_closed()
    {
        await using var kit = new LeasequeryKit();
        for (var i = 1; i <= 3000; i++)
            kit.Tables.Change(i);
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query());
        connection.Session!.Tell(PeerFinished.Instance);
        connection.TakeAll().Sum(static a => a.Clients.Count).ShouldBe(3000);
        connection.Closed.ShouldBe("done");
    }

    [Fact]
    [Trait("RFC", "5460 6.5")]
    public async Task A_requestor_over_its_rate_waits_on_TCP()
    {
        var slow = new Requestor(new(new(1), 128)) { QueriesPerSecond = 1 };
        await using var kit = new LeasequeryKit(new LeasequeryConfiguration { Requestors = [slow] });
        kit.Tables.Change(1);
        var connection = kit.Connect();
        connection.Send(LeasequeryKit.Query(xid: 1));
        connection.TakeAll().Count.ShouldBe(2);
        connection.Send(LeasequeryKit.Query(xid: 2));
        connection.TakeAll().ShouldBeEmpty();
        connection.Credits.ShouldBe(0);
        kit.Time.Advance(TimeSpan.FromSeconds(2));
        connection.TakeAll().Count.ShouldBe(2);
    }
}

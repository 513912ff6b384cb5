using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;

namespace Lease.Kernel.Tests.Persistence;

public sealed class PersistentActorTests : TestKit.TestKit
{
    private static readonly EntityKey Key = new("entity"u8);

    private readonly TestJournal journal;
    private readonly TestProbe probe;
    private int fenced;

    public PersistentActorTests()
    {
        journal = new TestJournal(Time);
        probe = CreateTestProbe();
    }

    [Fact]
    public void State_changes_after_the_commit_and_not_before()
    {
        journal.HoldWrites = true;
        var account = Start();
        probe.ExpectMsg("recovered 0");
        account.Tell(new Add(5));
        probe.ExpectNoMsg();
        journal.DecideNext().ShouldBeTrue();
        probe.ExpectMsg("sum 5 at 1");
    }

    [Fact]
    public void A_new_instance_recovers_what_was_committed()
    {
        Start().Tell(new Add(5));
        Start().Tell(new Add(3));
        probe.ReceiveN(4).ShouldBe(["recovered 0", "sum 5 at 1", "recovered 5", "sum 8 at 2"]);
    }

    [Fact]
    public void Commands_during_recovery_wait_in_their_order()
    {
        journal.HoldLoads = true;
        var account = Start();
        account.Tell("a");
        account.Tell("b");
        probe.ExpectNoMsg();
        journal.ReleaseLoads();
        probe.ReceiveN(3).ShouldBe(["recovered 0", "other a", "other b"]);
    }

    [Fact]
    public void Commands_during_a_write_wait_in_their_order()
    {
        journal.HoldWrites = true;
        var account = Start();
        foreach (var command in (object[])[new Add(1), new Add(2), "a", new Add(3)])
            account.Tell(command);
        while (journal.DecideNext())
        {
        }

        probe.ReceiveN(5).ShouldBe(["recovered 0", "sum 1 at 1", "sum 3 at 2", "other a", "sum 6 at 3"]);
        journal.Decided.Count.ShouldBe(3);
    }

    [Fact]
    public void The_row_keeps_its_handle_and_a_deleted_row_loses_it()
    {
        var account = Start();
        account.Tell(new Add(1));
        account.Tell(new Add(1));
        account.Tell(new Close());
        account.Tell(new Add(1));
        var handles = journal.Decided.Select(write => write.RowId).ToArray();
        handles[0].ShouldBe(1);
        handles[1].ShouldBe(1);
        handles[2].ShouldBe(0);
        handles[3].ShouldBe(2);
    }

    [Fact]
    public void A_lease_conflict_is_rejected_and_the_actor_goes_on()
    {
        Start(new EntityKey("other"u8)).Tell(new Add(1, Claim: true));
        var account = Start();
        account.Tell(new Add(7, Claim: true));
        account.Tell(new Add(2));
        probe.ReceiveN(5).ShouldBe(["recovered 0", "sum 1 at 1", "recovered 0", "rejected 42", "sum 2 at 2"]);
    }

    [Theory]
    [InlineData(JournalOutcome.Failed, "failed: the commit failed", 0)]
    [InlineData(JournalOutcome.Fenced, "failed: the shard belongs to another node now", 1)]
    public void After_a_failed_write_the_actor_stops_and_what_waits_is_dropped(JournalOutcome outcome, string told, int reports)
    {
        journal.HoldWrites = true;
        journal.Script(outcome);
        var account = Start();
        probe.Watch(account);
        account.Tell(new Add(5));
        var parcel = new Parcel();
        account.Tell(parcel);
        journal.DecideNext();
        probe.ExpectMsg("recovered 0");
        probe.ExpectMsg(told);
        probe.ExpectTerminated(account);
        parcel.Drops.ShouldBe(1);
        parcel.Reason.ShouldBe(DropReason.ReceiverFailed);
        fenced.ShouldBe(reports);
    }

    [Fact]
    public void A_write_of_an_old_epoch_is_fenced()
    {
        journal.Fence(shard: 3, epoch: 8);
        Start().Tell(new Add(5));
        fenced.ShouldBe(1);
        probe.FishForMessage<string>(static m => m.StartsWith("failed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_full_journal_stops_the_actor()
    {
        journal.IsFull = true;
        var account = Start();
        probe.Watch(account);
        account.Tell(new Add(5));
        account.Tell("unheard");
        probe.ExpectMsg("recovered 0");
        probe.ExpectMsg("failed: the journal's queue is full");
        probe.ExpectTerminated(account);
        probe.ExpectNoMsg();
    }

    [Fact]
    public void A_failed_read_stops_the_actor_and_drops_what_waits()
    {
        journal.HoldLoads = true;
        journal.FailNextLoad("disk");
        var account = Start();
        probe.Watch(account);
        var parcel = new Parcel();
        account.Tell(parcel);
        journal.ReleaseLoads();
        probe.ExpectMsg("failed: disk");
        probe.ExpectTerminated(account);
        parcel.Drops.ShouldBe(1);
    }

    [Fact]
    public void A_row_that_cannot_be_understood_stops_the_actor()
    {
        journal.TryAppend(new JournalWrite
        {
            Shard = 3,
            Epoch = 7,
            Key = Key,
            RowId = 0,
            Event = default,
            Row = new BindingRow { Payload = new byte[] { 0xff, 0, 0, 0 }, Link = "link", ExpiresAt = 0 },
            Leases = default,
            ReplyTo = Sys.DeadLetters,
        });
        journal.HoldLoads = true;
        var account = Start();
        probe.Watch(account);
        var parcel = new Parcel();
        account.Tell(parcel);
        journal.ReleaseLoads();
        probe.ExpectTerminated(account);
        parcel.Drops.ShouldBe(1);
    }

    [Fact]
    public void More_commands_than_may_wait_are_dropped()
    {
        journal.HoldLoads = true;
        var account = Start();
        var parcels = Enumerable.Range(0, 70).Select(_ => new Parcel()).ToArray();
        foreach (var parcel in parcels)
            account.Tell(parcel);
        parcels.Count(p => p.Reason == DropReason.StashFull).ShouldBe(6);
        journal.ReleaseLoads();
        probe.ReceiveN(65);
        parcels.Sum(p => p.Drops).ShouldBe(6);
    }

    [Fact]
    public void The_order_to_stop_waits_for_the_write_and_is_not_lost_to_a_full_stash()
    {
        journal.HoldWrites = true;
        var account = Start();
        probe.Watch(account);
        account.Tell(new Add(5));
        for (var i = 0; i < 100; i++)
            account.Tell("command");
        account.Tell(Passivate.StopRequest.Instance);
        probe.ExpectMsg("recovered 0");
        probe.ExpectNoMsg();
        journal.DecideNext();
        probe.ExpectMsg("sum 5 at 1");
        probe.ReceiveN(64).ShouldAllBe(m => m.Equals("other command"));
        probe.ExpectTerminated(account);
    }

    [Fact]
    public void An_actor_that_waits_for_an_answer_keeps_commands_until_it_comes()
    {
        var account = Start();
        account.Tell(new Question());
        account.Tell("a");
        account.Tell(new WaitEnded());
        probe.ReceiveN(4).ShouldBe(["recovered 0", "waiting", "answer", "other a"]);
    }

    [Fact]
    public void A_write_under_way_when_its_actor_stops_is_seen_by_the_next_instance()
    {
        journal.HoldWrites = true;
        var account = Start();
        account.Tell(new Add(5));
        account.Tell(PoisonPill.Instance);
        journal.DecideAll();
        Start();
        probe.ReceiveN(2).ShouldBe(["recovered 0", "recovered 5"]);
    }

    [Fact]
    public void The_outcome_of_a_write_of_the_instance_before_a_restart_is_not_applied()
    {
        journal.HoldWrites = true;
        var supervisor = ActorOf(() => new Supervisor(new AllForOneStrategy(-1, TimeSpan.Zero, static _ => Directive.Restart)));
        probe.Send(supervisor, (Func<ActorBase>)NewAccount);
        var account = probe.FishForMessage<IActorRef>();
        probe.Send(supervisor, () => (ActorBase)new Recorder([]));
        var sibling = probe.FishForMessage<IActorRef>();
        account.Tell(new Add(5));
        var parcel = new Parcel();
        account.Tell(parcel);
        sibling.Tell(new IOException("disk"));
        parcel.Drops.ShouldBe(1);
        probe.ExpectMsg("recovered 0");
        account.Tell(new Add(7));
        journal.DecideNext();
        probe.ExpectNoMsg();
        journal.DecideNext();
        probe.ExpectMsg("sum 7 at 2");
    }

    [Fact]
    public void The_commit_time_of_a_shard_never_decreases_and_its_numbers_have_no_gap()
    {
        var account = Start();
        account.Tell(new Add(1));
        Time.Advance(TimeSpan.FromSeconds(1));
        account.Tell(new Add(1));
        var decided = journal.Decided;
        decided.Select(write => write.Sequence).ShouldBe([1, 2]);
        (decided[1].ChangedAt - decided[0].ChangedAt).ShouldBe(1000);
    }

    private IActorRef Start(EntityKey? key = null)
        => ActorOf(() => new Account(key ?? Key, new ShardContext(3, 7, state: null, () => fenced++), journal, probe.Ref));

    private ActorBase NewAccount() => new Account(Key, new ShardContext(3, 7, state: null, () => fenced++), journal, probe.Ref);
}

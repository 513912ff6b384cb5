using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Kernel.Tests.Persistence;

namespace Lease.Kernel.Tests.Sharding;

public sealed class ShardRegionTests : TestKit.TestKit
{
    private readonly TestProbe probe;

    public ShardRegionTests() => probe = CreateTestProbe();

    [Fact]
    public void The_first_message_starts_the_entity_and_the_next_finds_it()
    {
        var region = Region();
        region.Tell(new To("a", "one"));
        region.Tell(new To("a", "two"));
        region.Tell(new To("b", "three"));
        probe.ReceiveN(5).ShouldBe(["a started", "a: one", "a: two", "b started", "b: three"]);
        region.Counters.Live.ShouldBe(2);
        region.Counters.Started.ShouldBe(2);
    }

    [Fact]
    public void The_entity_sees_the_sender_the_shard_and_what_the_shard_shares()
    {
        var state = new object();
        ShardContext? seen = null;
        var region = ShardRegion.Start(Sys, "test", new ShardRegionOptions { ShardCount = 1 }, new Extractor(), (_, context) =>
        {
            seen = context;
            return new ActOn((message, actor) => actor.Sender.Tell(message));
        });
        region.StartShard(new ShardGrant(0, 7, 0), state);
        probe.Send(region, new To("a", "hello"));
        probe.ExpectMsg<To>();
        seen!.State.ShouldBe(state);
        (seen.Shard, seen.Epoch).ShouldBe((0, 7));
    }

    [Fact]
    public void A_message_for_no_entity_is_a_dead_letter()
    {
        var region = Region();
        var parcel = new Parcel();
        region.Tell(parcel);
        parcel.Reason.ShouldBe(DropReason.DeadLetter);
    }

    [Fact]
    public void An_idle_entity_is_passivated_and_started_again_by_the_next_message()
    {
        var region = Region(idle: TimeSpan.FromSeconds(10));
        region.Tell(new To("a", "one"));
        Time.Advance(TimeSpan.FromSeconds(8));
        region.Tell(new To("a", "two"));
        Time.Advance(TimeSpan.FromSeconds(8));
        region.Counters.Live.ShouldBe(1);
        Time.Advance(TimeSpan.FromSeconds(8));
        region.Counters.Live.ShouldBe(0);
        region.Counters.Passivated.ShouldBe(1);
        region.Tell(new To("a", "three"));
        probe.ReceiveN(6).ShouldBe(["a started", "a: one", "a: two", "a stopped", "a started", "a: three"]);
    }

    [Fact]
    public void Beyond_the_limit_the_least_recently_used_entity_is_passivated()
    {
        var region = Region(live: 2);
        foreach (var name in (string[])["a", "b", "a", "c"])
            region.Tell(new To(name, "hello"));
        probe.ReceiveN(8).ShouldBe(["a started", "a: hello", "b started", "b: hello", "a: hello", "b stopped", "c started", "c: hello"], ignoreOrder: true);
        region.Counters.Live.ShouldBe(2);
    }

    [Fact]
    public void An_entity_that_takes_its_time_to_stop_does_not_push_out_another()
    {
        var region = Region(live: 2, stubborn: true);
        region.Tell(new To("a", "passivate"));
        region.Tell(new To("b", "hello"));
        region.Tell(new To("c", "hello"));
        probe.ReceiveN(7).ShouldBe(["a started", "a: passivate", "a may stop", "b started", "b: hello", "c started", "c: hello"], ignoreOrder: true);
        probe.ExpectNoMsg();
    }

    [Fact]
    public void With_room_for_one_a_burst_for_many_reaches_each_once()
    {
        var region = Region(live: 1);
        ActorOf(() => new ActOn((_, _) =>
        {
            for (var i = 0; i < 50; i++)
                region.Tell(new To($"{i}", "hello"));
        })).Tell("go");
        var told = probe.ReceiveN((50 * 3) - 1).Cast<string>().ToArray();
        for (var i = 0; i < 50; i++)
            told.Count(entry => entry == $"{i}: hello").ShouldBe(1);
        region.Counters.Live.ShouldBe(1);
        region.Counters.Started.ShouldBe(50);
    }

    [Fact]
    public void Messages_that_come_while_an_entity_stops_restart_it_in_their_order()
    {
        var region = Region(stubborn: true);
        region.Tell(new To("a", "passivate"));
        region.Tell(new To("a", "one"));
        region.Tell(new To("a", "two"));
        probe.ReceiveN(2).ShouldBe(["a started", "a: passivate"]);
        probe.ExpectMsg("a may stop");
        probe.ExpectNoMsg();
        probe.Reply("stop");
        probe.ReceiveN(4).ShouldBe(["a stopped", "a started", "a: one", "a: two"]);
        region.Counters.Live.ShouldBe(1);
    }

    [Fact]
    public void No_more_than_a_bounded_number_of_messages_waits_for_a_stopping_entity()
    {
        var region = Region(stubborn: true);
        region.Tell(new To("a", "passivate"));
        var parcels = Enumerable.Range(0, 70).Select(_ => new AddressedParcel("a")).ToArray();
        foreach (var parcel in parcels)
            region.Tell(parcel);
        parcels.Count(p => p.Drops == 1).ShouldBe(6);
    }

    [Fact]
    public async Task An_entity_that_does_not_finish_is_stopped_after_a_while_and_what_waits_for_it_goes_to_the_next_owner()
    {
        var region = Region(stubborn: true);
        region.Tell(new To("a", "passivate"));
        region.Tell(new To("a", "later"));
        var stopped = region.StopShardAsync(0);
        Time.Advance(TimeSpan.FromSeconds(4.9));
        region.Counters.Live.ShouldBe(1);
        Time.Advance(TimeSpan.FromSeconds(0.1));
        await stopped.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        region.Counters.Live.ShouldBe(0);
        region.StartShard(new ShardGrant(0, 3, 0), state: null);
        probe.ReceiveN(6).ShouldBe(["a started", "a: passivate", "a may stop", "a stopped", "a started", "a: later"]);
    }

    [Fact]
    public void A_failed_entity_is_stopped_and_started_anew_by_the_next_message()
    {
        var region = Region();
        region.Tell(new To("a", "fail"));
        region.Tell(new To("a", "one"));
        probe.ReceiveN(4).ShouldBe(["a started", "a stopped", "a started", "a: one"]);
        region.Counters.Live.ShouldBe(1);
    }

    [Fact]
    public async Task Stopping_a_shard_ends_when_its_entities_have_stopped()
    {
        var region = Region();
        region.Tell(new To("a", "one"));
        await region.StopShardAsync(0);
        probe.ReceiveN(3)[^1].ShouldBe("a stopped");
        region.Counters.Live.ShouldBe(0);
        await region.StopShardAsync(0);
    }

    [Fact]
    public async Task Stopping_a_shard_of_a_terminated_system_ends()
    {
        var region = Region();
        await Sys.Terminate();
        await region.StopShardAsync(0);
    }

    [Fact]
    public void A_shard_cannot_be_served_twice()
        => Should.Throw<InvalidOperationException>(() => Region().StartShard(new ShardGrant(0, 2, 0), state: null));

    [Fact]
    public async Task Messages_between_two_owners_wait_and_are_told_to_the_next()
    {
        var region = Region();
        await region.StopShardAsync(0);
        region.Tell(new To("a", "one"));
        Time.Advance(TimeSpan.FromMilliseconds(900));
        region.Tell(new To("a", "two"));
        region.StartShard(new ShardGrant(0, 3, 0), state: null);
        region.Tell(new To("a", "three"));
        probe.ReceiveN(4).ShouldBe(["a started", "a: one", "a: two", "a: three"]);
    }

    [Fact]
    public async Task Messages_wait_a_second_for_an_owner_and_no_longer()
    {
        var region = Region();
        await region.StopShardAsync(0);
        var first = new AddressedParcel("a");
        var second = new AddressedParcel("a");
        region.Tell(first);
        Time.Advance(TimeSpan.FromMilliseconds(600));
        region.Tell(second);
        Time.Advance(TimeSpan.FromMilliseconds(400));
        (first.Drops, second.Drops).ShouldBe((1, 0));
        Time.Advance(TimeSpan.FromMilliseconds(600));
        second.Drops.ShouldBe(1);
        second.Reason.ShouldBe(DropReason.ShardUnavailable);
        Sys.Dropped(DropReason.ShardUnavailable).ShouldBe(2);
    }

    [Fact]
    public async Task No_more_than_a_bounded_number_of_messages_waits_for_an_owner()
    {
        var region = Region();
        await region.StopShardAsync(0);
        for (var i = 0; i < 5000; i++)
            region.Tell(new To("a", "flood"));
        Sys.Dropped(DropReason.ShardUnavailable).ShouldBe(5000 - 4096);
    }

    [Fact]
    public void A_full_shard_drops_what_comes()
    {
        var region = Region(mailbox: 10);
        ActorOf(() => new ActOn((_, _) =>
        {
            for (var i = 0; i < 15; i++)
                region.Tell(new To("a", "flood"));
        })).Tell("go");
        Sys.Dropped(DropReason.MailboxFull).ShouldBe(5);
    }

    [Fact]
    public void A_fenced_write_stops_the_shard_and_is_published()
    {
        var journal = new TestJournal(Time);
        var losses = CreateTestProbe();
        Sys.EventStream.Subscribe<ShardLost>(losses.Ref);
        var region = Accounts(journal);
        region.StartShard(new ShardGrant(0, 5, 0), state: null);
        region.Tell(new To("a", new Add(1)));
        journal.Fence(0, 6);
        region.Tell(new To("a", new Add(1)));
        region.Tell(new To("b", new Add(1)));
        losses.ExpectMsg(new ShardLost(0));
        losses.ExpectNoMsg();
        region.Counters.Live.ShouldBe(0);
        journal.Decided.Count(write => write.Outcome == JournalOutcome.Committed).ShouldBe(1);
    }

    [Fact]
    public void A_late_fence_of_an_earlier_claim_does_not_stop_the_shard_of_the_new_claim()
    {
        ShardContext? earlier = null;
        var region = ShardRegion.Start(Sys, "test", new ShardRegionOptions { ShardCount = 1 }, new Extractor(), (key, context) =>
        {
            earlier ??= context;
            return new Entity(key, probe.Ref, stubborn: false);
        });
        region.StartShard(new ShardGrant(0, 1, 0), state: null);
        region.Tell(new To("a", "one"));
        earlier!.ReportFenced();
        region.StartShard(new ShardGrant(0, 3, 0), state: null);
        earlier.ReportFenced();
        region.Tell(new To("a", "two"));
        probe.ReceiveN(5)[^1].ShouldBe("a: two");
    }

    [Fact]
    public void After_a_failed_write_the_next_message_recovers_from_the_row()
    {
        var journal = new TestJournal(Time);
        var region = Accounts(journal);
        region.StartShard(new ShardGrant(0, 5, 0), state: null);
        region.Tell(new To("a", new Add(1)));
        journal.Script(JournalOutcome.Failed);
        region.Tell(new To("a", new Add(10)));
        region.Tell(new To("a", new Add(100)));
        probe.ReceiveN(5).ShouldBe(["recovered 0", "sum 1 at 1", "failed: the commit failed", "recovered 1", "sum 101 at 2"]);
    }

    private ShardRegion Accounts(TestJournal journal)
        => ShardRegion.Start(
            Sys,
            "account",
            new ShardRegionOptions { ShardCount = 1 },
            new Extractor(),
            (key, context) => new Unwrapping(key, context, journal, probe.Ref));

    private ShardRegion Region(TimeSpan? idle = null, int live = 1000, int mailbox = 4096, bool stubborn = false)
    {
        var options = new ShardRegionOptions
        {
            ShardCount = 1,
            IdleLimit = idle ?? TimeSpan.FromMinutes(1),
            MaxLiveEntities = live,
            ShardMailboxCapacity = mailbox,
        };
        var region = ShardRegion.Start(Sys, "test", options, new Extractor(), (key, _) => new Entity(key, probe.Ref, stubborn));
        region.StartShard(new ShardGrant(0, 1, 0), state: null);
        return region;
    }

    private interface IAddressed
    {
        string Name { get; }
    }

    private sealed record To(string Name, object What) : IAddressed;

    private sealed class AddressedParcel(string name) : IAddressed, IDroppable
    {
        public string Name { get; } = name;

        public int Drops { get; private set; }

        public DropReason? Reason { get; private set; }

        public void OnDropped(DropReason reason)
        {
            Drops++;
            Reason = reason;
        }
    }

    private sealed class Extractor : IMessageExtractor
    {
        public EntityKey? EntityKeyOf(object message)
            => message is IAddressed to ? new EntityKey(System.Text.Encoding.ASCII.GetBytes(to.Name)) : null;
    }

    /// <summary>Asked to stop, a stubborn entity asks the probe for leave.</summary>
    private sealed class Entity(EntityKey key, IActorRef probe, bool stubborn) : UntypedActor
    {
        private readonly string name = System.Text.Encoding.ASCII.GetString(key.Bytes);

        protected override void PreStart() => probe.Tell($"{name} started");

        protected override void PostStop() => probe.Tell($"{name} stopped");

        protected override void OnReceive(object message)
        {
            if (message is To { What: "fail" })
                throw new IOException("disk");
            if (message is To to)
                probe.Tell($"{name}: {to.What}", Self);
            if (message is To { What: "passivate" })
                Context.Parent.Tell(Passivate.Instance, Self);
            else if (message is Passivate.StopRequest && stubborn)
                probe.Tell($"{name} may stop", Self);
            else if (message is Passivate.StopRequest or "stop")
                Context.Stop(Self);
        }
    }

    /// <summary>An account behind messages that carry its name.</summary>
    private sealed class Unwrapping(EntityKey key, ShardContext context, TestJournal journal, IActorRef listener) : UntypedActor
    {
        private IActorRef? account;

        protected override void PreStart()
        {
            account = Context.ActorOf(Props.Create(() => new Account(key, context, journal, listener)));
            Context.Watch(account);
        }

        protected override void OnReceive(object message)
        {
            if (message is To to)
                account!.Tell(to.What);
            else if (message is Terminated or Passivate.StopRequest)
                Context.Stop(Self);
        }
    }
}

using Lease.Kernel.Actors;

namespace Lease.Kernel.Tests.Actors;

public sealed class ReceiveActorTests : TestKit.TestKit
{
    [Fact]
    public void The_first_handler_that_takes_a_message_has_it()
    {
        var probe = CreateTestProbe();
        var actor = ActorOf(() => new Chooser(probe.Ref));
        actor.Tell(5);
        actor.Tell(50);
        actor.Tell("text");
        probe.ReceiveN(3).ShouldBe(["small 5", "large 50", "any text"]);
    }

    [Fact]
    public void Become_replaces_the_handlers_and_stacked_ones_come_back()
    {
        var probe = CreateTestProbe();
        var door = ActorOf(() => new Door(probe.Ref));
        foreach (var order in (string[])["look", "open", "look", "back", "look", "back", "look"])
            door.Tell(order);
        probe.ReceiveN(4).ShouldBe(["closed", "open", "closed", "closed"]);
    }

    [Fact]
    public void Stashed_messages_come_before_what_came_after_them()
    {
        var probe = CreateTestProbe();
        var actor = ActorOf(() => new Waiter(probe.Ref));
        foreach (var message in (object[])[1, 2, "go", 3])
            actor.Tell(message);
        probe.ReceiveN(3).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void Unstashing_in_one_turn_keeps_the_order_of_stash_and_mailbox()
    {
        var probe = CreateTestProbe();
        var actor = ActorOf(() => new Waiter(probe.Ref));
        ActorOf(() => new ActOn((_, _) =>
        {
            foreach (var message in (object[])[1, 2, "go", 3, 4])
                actor.Tell(message);
        })).Tell("go");
        probe.ReceiveN(4).ShouldBe([1, 2, 3, 4]);
    }

    [Fact]
    public void A_full_stash_drops_what_comes()
    {
        var actor = ActorOf(() => new Waiter(CreateTestProbe().Ref));
        var parcels = Enumerable.Range(0, 5).Select(_ => new Parcel()).ToArray();
        foreach (var parcel in parcels)
            actor.Tell(parcel);
        parcels.Select(p => p.Drops).ShouldBe([0, 0, 0, 1, 1]);
        parcels[^1].Reason.ShouldBe(DropReason.StashFull);
    }

    [Fact]
    public void Stashed_messages_of_a_stopped_actor_give_back_what_they_hold()
    {
        var actor = ActorOf(() => new Waiter(CreateTestProbe().Ref));
        var parcel = new Parcel();
        actor.Tell(parcel);
        Sys.Stop(actor);
        parcel.Drops.ShouldBe(1);
    }

    [Fact]
    public void A_restart_puts_the_stash_back_in_front_of_the_mailbox()
    {
        var probe = CreateTestProbe();
        var actor = ActorOf(() => new Waiter(probe.Ref));
        actor.Tell(1);
        actor.Tell(new IOException("disk"));
        actor.Tell("go");
        probe.ExpectMsg(1);
    }

    [Fact]
    public void While_an_asynchronous_handler_runs_other_messages_wait()
    {
        var probe = CreateTestProbe();
        var gate = new TaskCompletionSource();
        var actor = ActorOf(() => new Asynchronous(probe.Ref, gate.Task));
        probe.Send(actor, "a");
        probe.Send(actor, 1);
        probe.ExpectMsg("begin a");
        probe.ExpectNoMsg();
        gate.SetResult();
        probe.ExpectMsg("end a");
        probe.LastSender.ShouldBe(actor);
        probe.ExpectMsg("then 1");
    }

    [Fact]
    public void An_asynchronous_handler_that_fails_is_its_supervisors_to_judge()
    {
        var probe = CreateTestProbe();
        var gate = new TaskCompletionSource();
        var actor = ActorOf(() => new Asynchronous(probe.Ref, gate.Task));
        probe.Send(actor, "a");
        probe.Send(actor, 1);
        gate.SetException(new IOException("disk"));
        probe.ReceiveN(2).ShouldBe(["begin a", "then 1"]);
    }

    [Fact]
    public void An_asynchronous_handler_may_end_after_its_actor()
    {
        var probe = CreateTestProbe();
        var gate = new TaskCompletionSource();
        var actor = ActorOf(() => new Asynchronous(probe.Ref, gate.Task));
        probe.Watch(actor);
        probe.Send(actor, "a");
        probe.ExpectMsg("begin a");
        Sys.Stop(actor);
        probe.ExpectTerminated(actor);
        gate.SetException(new IOException("disk"));
        probe.ExpectNoMsg();
    }

    private sealed class Chooser : ReceiveActor
    {
        public Chooser(IActorRef probe)
        {
            Receive<int>(n => probe.Tell($"small {n}"), static n => n < 10);
            Receive<int>(n => probe.Tell($"large {n}"));
            ReceiveAny(message => probe.Tell($"any {message}"));
        }
    }

    private sealed class Door : ReceiveActor
    {
        private readonly IActorRef probe;

        public Door(IActorRef probe)
        {
            this.probe = probe;
            Receive<string>(_ => probe.Tell("closed"), static order => order == "look");
            Receive<string>(_ => BecomeStacked(Open), static order => order == "open");
            Receive<string>(_ => UnbecomeStacked());
        }

        private void Open()
        {
            Receive<string>(_ => probe.Tell("open"), static order => order == "look");
            Receive<string>(_ => UnbecomeStacked());
        }
    }

    private sealed class Waiter : ReceiveActor
    {
        private readonly IActorRef probe;

        public Waiter(IActorRef probe)
        {
            this.probe = probe;
            Receive<string>(_ => Go());
            Receive<Exception>(e => throw e);
            ReceiveAny(_ => Stash.TryStash());
        }

        protected override int StashCapacity => 3;

        private void Go()
        {
            Become(() => ReceiveAny(message => probe.Tell(message)));
            Stash.UnstashAll();
        }
    }

    private sealed class Asynchronous : ReceiveActor
    {
        public Asynchronous(IActorRef probe, Task gate)
        {
            ReceiveAsync<string>(async message =>
            {
                probe.Tell($"begin {message}", Self);
                await gate;
                Sender.Tell($"end {message}", Self);
            });
            Receive<int>(n => probe.Tell($"then {n}", Self));
        }
    }
}

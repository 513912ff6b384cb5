using Lease.Kernel.Actors;

namespace Lease.Kernel.Tests.Actors;

public sealed class LifecycleTests : TestKit.TestKit
{
    private readonly List<string> log = [];

    [Fact]
    public void An_actor_starts_before_its_first_message_and_stops_after_its_last()
    {
        var actor = ActorOf(() => new Recorder(log));
        actor.Tell("a");
        actor.Tell(PoisonPill.Instance);
        actor.Tell("b");
        log.ShouldBe(["start", "a", "stop"]);
    }

    [Fact]
    public void PoisonPill_lets_the_messages_before_it_be_handled_and_Stop_does_not()
    {
        var poisoned = ActorOf(() => new Recorder(log));
        var stopped = ActorOf(() => new Recorder(log));
        ActorOf(() => new ActOn((_, context) =>
        {
            poisoned.Tell("heard");
            poisoned.Tell(PoisonPill.Instance);
            stopped.Tell("unheard");
            context.Stop(stopped);
        })).Tell("go");
        log.ShouldContain("heard");
        log.ShouldNotContain("unheard");
        log.Count(entry => entry == "stop").ShouldBe(2);
    }

    [Fact]
    public void Children_stop_before_their_parent()
    {
        var parent = ActorOf(() => new Parent(log));
        Sys.Stop(parent);
        log.ShouldBe(["child stopped", "child stopped", "parent stopped"]);
    }

    [Fact]
    public void A_watcher_is_told_once_of_the_end()
    {
        var target = ActorOf(() => new Recorder(log));
        var probe = CreateTestProbe();
        probe.Watch(target);
        probe.Watch(target);
        Sys.Stop(target);
        probe.ExpectTerminated(target);
        probe.ExpectNoMsg();
    }

    [Fact]
    public void A_watcher_of_a_stopped_actor_is_told_at_once()
    {
        var target = ActorOf(() => new Recorder(log));
        Sys.Stop(target);
        var probe = CreateTestProbe();
        probe.Watch(target);
        probe.ExpectTerminated(target);
    }

    [Fact]
    public void After_Unwatch_nothing_comes_even_if_it_was_on_its_way()
    {
        var target = ActorOf(() => new Recorder(log));
        var told = false;
        var watcher = ActorOf(() => new ActOn((message, context) =>
        {
            if (message is Terminated)
                told = true;
            else if (message is "watch")
                context.Watch(target);
            else
                context.Unwatch(target);
        }));
        watcher.Tell("watch");
        ActorOf(() => new ActOn((_, context) =>
        {
            context.Stop(target);
            watcher.Tell("unwatch");
        })).Tell("go");
        told.ShouldBeFalse();
    }

    [Fact]
    public void What_is_no_actor_cannot_be_watched()
    {
        Exception? thrown = null;
        ActorOf(() => new ActOn((_, context) => thrown = Record.Exception(() => context.Watch(Sys.DeadLetters)))).Tell("go");
        thrown.ShouldBeOfType<ArgumentException>();
    }

    [Fact]
    public void Terminated_comes_after_what_the_actor_sent_before_its_end()
    {
        var probe = CreateTestProbe();
        var target = ActorOf(() => new ActOn((_, context) =>
        {
            probe.Ref.Tell("last words");
            context.Stop(context.Self);
        }));
        probe.Watch(target);
        target.Tell("end");
        probe.ExpectMsg("last words");
        probe.ExpectTerminated(target);
    }

    [Fact]
    public void A_failing_PostStop_does_not_keep_the_actor_alive()
    {
        var target = ActorOf(() => new FailsToStop());
        var probe = CreateTestProbe();
        probe.Watch(target);
        Sys.Stop(target);
        probe.ExpectTerminated(target);
    }

    [Fact]
    public async Task A_terminated_system_has_stopped_every_actor_and_starts_none()
    {
        ActorOf(() => new Parent(log));
        await Sys.Terminate();
        Sys.WhenTerminated.IsCompletedSuccessfully.ShouldBeTrue();
        log.ShouldBe(["child stopped", "child stopped", "parent stopped"]);
        var late = ActorOf(() => new Recorder(log));
        var parcel = new Parcel();
        late.Tell(parcel);
        parcel.Drops.ShouldBe(1);
    }

    [Fact]
    public void A_child_started_while_its_parent_stops_is_stopped_too()
    {
        var probe = CreateTestProbe();
        var parent = ActorOf(() => new StartsLate(log));
        probe.Watch(parent);
        Sys.Stop(parent);
        probe.ExpectTerminated(parent);
        log.ShouldBe(["start", "stop"]);
    }

    private sealed class Parent(List<string> log) : UntypedActor
    {
        protected override void PreStart()
        {
            Context.ActorOf(Props.Create(() => new Child(log)));
            Context.ActorOf(Props.Create(() => new Child(log)));
        }

        protected override void PostStop() => log.Add("parent stopped");

        protected override void OnReceive(object message) => Unhandled(message);
    }

    private sealed class Child(List<string> log) : UntypedActor
    {
        protected override void PostStop() => log.Add("child stopped");

        protected override void OnReceive(object message) => Unhandled(message);
    }

    private sealed class FailsToStop : UntypedActor
    {
        protected override void PostStop() => throw new InvalidOperationException("no");

        protected override void OnReceive(object message) => Unhandled(message);
    }

    private sealed class StartsLate(List<string> log) : UntypedActor
    {
        protected override void PostStop() => Context.ActorOf(Props.Create(() => new Recorder(log)));

        protected override void OnReceive(object message) => Unhandled(message);
    }
}

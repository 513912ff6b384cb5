using Lease.Kernel.Actors;

namespace Lease.Kernel.Tests.Actors;

public sealed class SupervisionTests : TestKit.TestKit
{
    private readonly List<string> log = [];

    [Fact]
    public void A_restarted_actor_goes_on_with_its_mailbox_in_a_new_instance()
    {
        var child = ChildOf(One(Directive.Restart));
        child.Tell("a");
        child.Tell(new IOException("disk"));
        child.Tell("b");
        log.ShouldBe(["start", "a", "before restart: disk", "stop", "after restart", "start", "b"]);
    }

    [Fact]
    public void A_resumed_actor_keeps_its_state()
    {
        var child = ChildOf(One(Directive.Resume));
        child.Tell(new IOException("disk"));
        child.Tell("b");
        log.ShouldBe(["start", "b"]);
    }

    [Fact]
    public void A_stopped_actor_ends_with_its_mailbox()
    {
        var child = ChildOf(One(Directive.Stop));
        child.Tell(new IOException("disk"));
        child.Tell("b");
        log.ShouldBe(["start", "stop"]);
    }

    [Fact]
    public void The_decision_may_depend_on_the_exception()
    {
        var child = ChildOf(new OneForOneStrategy(-1, TimeSpan.Zero, e => e is IOException ? Directive.Resume : Directive.Stop));
        child.Tell(new IOException("disk"));
        child.Tell("b");
        child.Tell(new InvalidOperationException("bug"));
        log.ShouldBe(["start", "b", "stop"]);
    }

    [Fact]
    public void Beyond_the_allowed_restarts_within_the_time_the_child_stops()
    {
        var child = ChildOf(new OneForOneStrategy(2, TimeSpan.FromMinutes(1), static _ => Directive.Restart));
        for (var i = 0; i < 3; i++)
            child.Tell(new IOException("disk"));
        log.Count(entry => entry == "after restart").ShouldBe(2);
        log[^1].ShouldBe("stop");
    }

    [Fact]
    public void Restarts_long_ago_do_not_count()
    {
        var child = ChildOf(new OneForOneStrategy(2, TimeSpan.FromMinutes(1), static _ => Directive.Restart));
        for (var i = 0; i < 10; i++)
        {
            child.Tell(new IOException("disk"));
            Time.Advance(TimeSpan.FromSeconds(31));
        }

        child.Tell("alive");
        log[^1].ShouldBe("alive");
    }

    [Fact]
    public void AllForOne_restarts_the_siblings_too()
    {
        var supervisor = ActorOf(() => new Supervisor(new AllForOneStrategy(-1, TimeSpan.Zero, static _ => Directive.Restart)));
        var first = Start(supervisor, () => new Recorder(log));
        Start(supervisor, () => new Recorder(log));
        first.Tell(new IOException("disk"));
        log.Count(entry => entry == "after restart").ShouldBe(2);
    }

    [Fact]
    public void OneForOne_leaves_the_siblings_alone()
    {
        var supervisor = ActorOf(() => new Supervisor(One(Directive.Restart)));
        var first = Start(supervisor, () => new Recorder(log));
        Start(supervisor, () => new Recorder(log));
        first.Tell(new IOException("disk"));
        log.Count(entry => entry == "after restart").ShouldBe(1);
    }

    [Fact]
    public void Escalation_makes_the_supervisor_fail_in_the_eyes_of_its_own()
    {
        var top = ActorOf(() => new Supervisor(One(Directive.Stop)));
        var middle = Start(top, () => new Supervisor(One(Directive.Escalate)));
        var child = Start(middle, () => new Recorder(log));
        var probe = CreateTestProbe();
        probe.Watch(middle);
        child.Tell(new IOException("disk"));
        probe.ExpectTerminated(middle);
        log.ShouldBe(["start", "stop"]);
    }

    [Fact]
    public void A_strategy_that_throws_fails_the_supervisor_and_nobody_else()
    {
        var supervisor = ActorOf(() => new Supervisor(new OneForOneStrategy(-1, TimeSpan.Zero, static _ => throw new InvalidOperationException("bug"))));
        var child = Start(supervisor, () => new Recorder(log));
        child.Tell(new IOException("disk"));
        log[^1].ShouldBe("stop");
        Start(supervisor, () => new Recorder(log)).Tell("alive");
        log[^1].ShouldBe("alive");
    }

    [Fact]
    public void An_actor_that_cannot_be_made_is_tried_again_and_then_stopped()
    {
        var attempts = 0;
        var supervisor = ActorOf(() => new Supervisor(new OneForOneStrategy(3, TimeSpan.FromMinutes(1), static _ => Directive.Restart)));
        var child = Start(supervisor, () =>
        {
            attempts++;
            throw new InvalidOperationException("bug");
        });
        var probe = CreateTestProbe();
        probe.Watch(child);
        probe.ExpectTerminated(child);
        attempts.ShouldBe(4);
    }

    [Fact]
    public void An_actor_that_could_not_be_made_again_is_not_stopped_twice()
    {
        var instances = 0;
        var child = Start(
            ActorOf(() => new Supervisor(new OneForOneStrategy(2, TimeSpan.FromMinutes(1), static _ => Directive.Restart))),
            () => instances++ == 0 ? new Recorder(log) : throw new InvalidOperationException("bug"));
        child.Tell(new IOException("disk"));
        log.ShouldBe(["start", "before restart: disk", "stop"]);
    }

    [Fact]
    public void The_children_of_a_restarted_actor_are_stopped()
    {
        var supervisor = ActorOf(() => new Supervisor(SupervisorStrategy.Default));
        Start(supervisor, () => new Recorder(log));
        supervisor.Tell(new IOException("disk"));
        log.ShouldBe(["start", "stop"]);
    }

    [Fact]
    public void The_message_that_an_actor_failed_on_gives_back_what_it_holds()
    {
        var parcel = new Parcel();
        ActorOf(() => new ActOn((_, _) => throw new IOException("disk"))).Tell(parcel);
        parcel.Drops.ShouldBe(1);
        parcel.Reason.ShouldBe(DropReason.ReceiverFailed);
    }

    private static OneForOneStrategy One(Directive directive) => new(-1, TimeSpan.Zero, _ => directive);

    private IActorRef ChildOf(SupervisorStrategy strategy) => Start(ActorOf(() => new Supervisor(strategy)), () => new Recorder(log));

    private IActorRef Start(IActorRef supervisor, Func<ActorBase> factory)
    {
        var probe = CreateTestProbe();
        probe.Send(supervisor, factory);
        return probe.ExpectMsg<IActorRef>();
    }
}

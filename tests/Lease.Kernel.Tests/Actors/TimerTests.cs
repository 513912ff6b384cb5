using Lease.Kernel.Actors;

namespace Lease.Kernel.Tests.Actors;

public sealed class TimerTests : TestKit.TestKit
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_single_timer_fires_once()
    {
        var probe = CreateTestProbe();
        Start(probe.Ref, timers => timers.StartSingleTimer("key", "tick", Second));
        Time.Advance(Second / 2);
        probe.ExpectNoMsg();
        Time.Advance(10 * Second);
        probe.ExpectMsg("tick");
        probe.ExpectNoMsg();
    }

    [Fact]
    public void A_periodic_timer_fires_until_it_is_cancelled()
    {
        var probe = CreateTestProbe();
        var actor = Start(probe.Ref, timers => timers.StartPeriodicTimer("key", "tick", Second));
        Time.Advance(3 * Second);
        probe.ReceiveN(3);
        actor.Tell((TimerScheduler timers) => timers.Cancel("key"));
        Time.Advance(3 * Second);
        probe.ExpectNoMsg();
    }

    [Fact]
    public void A_timer_of_the_same_key_replaces_the_earlier_one()
    {
        var probe = CreateTestProbe();
        Start(probe.Ref, timers =>
        {
            timers.StartSingleTimer("key", "first", Second);
            timers.StartSingleTimer("key", "second", 2 * Second);
        });
        Time.Advance(5 * Second);
        probe.ExpectMsg("second");
        probe.ExpectNoMsg();
    }

    [Fact]
    public void A_message_of_a_cancelled_timer_does_not_arrive_though_it_was_in_the_mailbox()
    {
        var probe = CreateTestProbe();
        var actor = Start(probe.Ref, timers => timers.StartSingleTimer("key", "tick", Second));
        ActorOf(() => new ActOn((_, _) =>
        {
            actor.Tell((TimerScheduler timers) => timers.Cancel("key"));
            Time.Advance(Second);
        })).Tell("go");
        probe.ExpectNoMsg();
    }

    [Fact]
    public void A_message_of_a_replaced_timer_does_not_arrive_though_it_was_in_the_mailbox()
    {
        var probe = CreateTestProbe();
        var actor = Start(probe.Ref, timers => timers.StartSingleTimer("key", "first", Second));
        ActorOf(() => new ActOn((_, _) =>
        {
            actor.Tell((TimerScheduler timers) => timers.StartSingleTimer("key", "second", Second));
            Time.Advance(Second);
        })).Tell("go");
        probe.ExpectNoMsg();
        Time.Advance(Second);
        probe.ExpectMsg("second");
    }

    [Fact]
    public void A_timer_is_active_until_it_has_fired()
    {
        var active = new List<bool>();
        var actor = Start(CreateTestProbe().Ref, timers => timers.StartSingleTimer("key", "tick", Second));
        actor.Tell((TimerScheduler timers) => active.Add(timers.IsTimerActive("key")));
        Time.Advance(Second);
        actor.Tell((TimerScheduler timers) => active.Add(timers.IsTimerActive("key")));
        active.ShouldBe([true, false]);
    }

    [Fact]
    public void Timers_end_with_their_actor()
    {
        var actor = Start(CreateTestProbe().Ref, timers => timers.StartPeriodicTimer("key", "tick", Second));
        Sys.Stop(actor);
        Time.Advance(10 * Second);
        Sys.Dropped(DropReason.DeadLetter).ShouldBe(0);
    }

    [Fact]
    public void Timers_end_with_a_restart()
    {
        var probe = CreateTestProbe();
        var actor = Start(probe.Ref, timers => timers.StartPeriodicTimer("key", "tick", Second));
        actor.Tell(new IOException("disk"));
        Time.Advance(10 * Second);
        probe.ExpectNoMsg();
    }

    [Fact]
    public void Timers_fire_in_the_order_of_their_times()
    {
        var probe = CreateTestProbe();
        Start(probe.Ref, timers =>
        {
            timers.StartSingleTimer(1, "late", 3 * Second);
            timers.StartSingleTimer(2, "early", Second);
            timers.StartPeriodicTimer(3, "often", 2 * Second);
        });
        Time.Advance(4 * Second);
        probe.ReceiveN(4).ShouldBe(["early", "often", "late", "often"]);
    }

    [Fact]
    public void ReceiveTimeout_comes_when_no_message_came_for_its_time()
    {
        var probe = CreateTestProbe();
        var actor = ActorOf(() => new ActOn((message, context) =>
        {
            if (message is TimeSpan wait)
                context.SetReceiveTimeout(wait);
            else if (message is ReceiveTimeout)
                probe.Ref.Tell(message);
            else
                context.SetReceiveTimeout(timeout: null);
        }));
        actor.Tell(3 * Second);
        Time.Advance(2 * Second);
        actor.Tell(3 * Second);
        Time.Advance(2 * Second);
        probe.ExpectNoMsg();
        Time.Advance(Second);
        probe.ExpectMsg<ReceiveTimeout>();
        Time.Advance(3 * Second);
        probe.ExpectMsg<ReceiveTimeout>();
        actor.Tell("enough");
        Time.Advance(30 * Second);
        probe.ExpectNoMsg();
    }

    [Fact]
    public void The_scheduler_tells_once_or_repeatedly_until_it_is_cancelled()
    {
        var probe = CreateTestProbe();
        using var once = Sys.Scheduler.ScheduleTellOnce(Second, probe.Ref, "once");
        var repeated = Sys.Scheduler.ScheduleTellRepeatedly(2 * Second, Second, probe.Ref, "again");
        Time.Advance(4 * Second);
        probe.ReceiveN(4).ShouldBe(["once", "again", "again", "again"]);
        repeated.Dispose();
        Time.Advance(4 * Second);
        probe.ExpectNoMsg();
        Sys.Scheduler.Now.ShouldBe(Time.GetUtcNow());
    }

    private IActorRef Start(IActorRef listener, Action<TimerScheduler> begin)
    {
        var first = true;
        return ActorOf(() => new Timed(listener, timers =>
        {
            if (first)
                begin(timers);
            first = false;
        }));
    }

    private sealed class Timed(IActorRef listener, Action<TimerScheduler> begin) : UntypedActor
    {
        protected override void PreStart() => begin(Context.Timers);

        protected override void OnReceive(object message)
        {
            if (message is Exception e)
                throw e;
            if (message is Action<TimerScheduler> action)
                action(Context.Timers);
            else
                listener.Tell(message);
        }
    }
}

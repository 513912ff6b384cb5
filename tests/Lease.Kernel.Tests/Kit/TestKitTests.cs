using Lease.Kernel.TestKit;

namespace Lease.Kernel.Tests.Kit;

public sealed class TestKitTests : TestKit.TestKit
{
    [Fact]
    public void An_expectation_of_another_message_fails()
    {
        var probe = CreateTestProbe();
        probe.Ref.Tell("text");
        Should.Throw<TestKitException>(() => probe.ExpectMsg<int>()).Message.ShouldContain("text");
        probe.Ref.Tell("text");
        Should.Throw<TestKitException>(() => probe.ExpectMsg("other"));
        probe.Ref.Tell("text");
        Should.Throw<TestKitException>(probe.ExpectNoMsg);
    }

    [Fact]
    public void FishForMessage_skips_what_is_not_looked_for()
    {
        var probe = CreateTestProbe();
        foreach (var message in (object[])["text", 1, 2])
            probe.Ref.Tell(message);
        probe.FishForMessage<int>(static n => n == 2).ShouldBe(2);
    }

    [Fact]
    public void Reply_answers_the_sender_of_the_last_expected_message()
    {
        var asker = CreateTestProbe();
        var probe = CreateTestProbe();
        asker.Send(probe.Ref, "question");
        probe.ExpectMsg("question");
        probe.Reply("answer");
        asker.ExpectMsg("answer");
        asker.LastSender.ShouldBe(probe.Ref);
    }

    [Fact]
    public void Everything_has_run_when_Tell_returns()
    {
        var last = 0;
        var third = ActorOf(() => new ActOn((_, _) => last++));
        var second = ActorOf(() => new ActOn((message, _) => third.Tell(message)));
        ActorOf(() => new ActOn((message, _) => second.Tell(message))).Tell("message");
        last.ShouldBe(1);
    }

    [Fact]
    public void Virtual_time_stands_still_until_it_is_advanced_and_shows_each_timer_its_own_time()
    {
        var time = new VirtualTime();
        var start = time.GetUtcNow();
        var seen = new List<TimeSpan>();
        using var late = time.CreateTimer(_ => seen.Add(time.GetUtcNow() - start), state: null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var often = time.CreateTimer(_ => seen.Add(time.GetUtcNow() - start), state: null, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        time.Advance(TimeSpan.FromSeconds(5));
        seen.Select(t => t.TotalSeconds).ShouldBe([2, 3, 4]);
        (time.GetUtcNow() - start).ShouldBe(TimeSpan.FromSeconds(5));
        time.GetElapsedTime(start.UtcTicks).ShouldBe(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_timer_set_by_a_timer_fires_within_the_same_advance_when_it_is_due()
    {
        var time = new VirtualTime();
        var fired = 0;
        ITimer? second = null;
        using var first = time.CreateTimer(
            _ => second = time.CreateTimer(_ => fired++, state: null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan),
            state: null,
            TimeSpan.FromSeconds(1),
            Timeout.InfiniteTimeSpan);
        time.Advance(TimeSpan.FromSeconds(2));
        fired.ShouldBe(1);
        second?.Dispose();
    }
}

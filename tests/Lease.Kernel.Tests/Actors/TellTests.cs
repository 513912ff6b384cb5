using Lease.Kernel.Actors;

namespace Lease.Kernel.Tests.Actors;

public sealed class TellTests : TestKit.TestKit
{
    [Fact]
    public void Messages_arrive_in_the_order_in_which_they_were_sent()
    {
        var probe = CreateTestProbe();
        for (var i = 0; i < 1000; i++)
            probe.Ref.Tell(i);
        probe.ReceiveN(1000).ShouldBe(Enumerable.Range(0, 1000).Cast<object>());
    }

    [Fact]
    public void The_receiver_answers_the_sender()
    {
        var probe = CreateTestProbe();
        var echo = ActorOf(() => new ActOn((message, context) => context.Sender.Tell(message, context.Self)));
        probe.Send(echo, "hello");
        probe.ExpectMsg("hello");
        probe.LastSender.ShouldBe(echo);
    }

    [Fact]
    public void A_forwarded_message_keeps_its_sender()
    {
        var sender = CreateTestProbe();
        var receiver = CreateTestProbe();
        sender.Send(ActorOf(() => new ActOn((message, context) => receiver.Ref.Forward(message, context))), "hello");
        receiver.ExpectMsg("hello");
        receiver.LastSender.ShouldBe(sender.Ref);
    }

    [Fact]
    public async Task Ask_returns_the_first_answer()
    {
        var twice = ActorOf(() => new ActOn((_, context) =>
        {
            context.Sender.Tell("first");
            context.Sender.Tell("second");
        }));
        (await twice.Ask<string>("?", TimeSpan.FromSeconds(1), Time, TestContext.Current.CancellationToken)).ShouldBe("first");
    }

    [Fact]
    public async Task Ask_without_answer_ends_after_its_timeout_on_the_given_clock()
    {
        var silent = ActorOf(() => new ActOn((_, _) => { }), "silent");
        var answer = silent.Ask<string>("?", TimeSpan.FromSeconds(3), Time, TestContext.Current.CancellationToken);
        Time.Advance(TimeSpan.FromSeconds(2));
        answer.IsCompleted.ShouldBeFalse();
        Time.Advance(TimeSpan.FromSeconds(1));
        (await Should.ThrowAsync<TimeoutException>(answer)).Message.ShouldContain("/user/silent");
    }

    [Fact]
    public async Task Ask_for_another_type_than_the_answer_throws()
    {
        var echo = ActorOf(() => new ActOn((message, context) => context.Sender.Tell(message)));
        await Should.ThrowAsync<InvalidCastException>(echo.Ask<string>(1, TimeSpan.FromSeconds(1), Time, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_second_answer_to_an_ask_gives_back_what_it_holds()
    {
        var parcel = new Parcel();
        var twice = ActorOf(() => new ActOn((_, context) =>
        {
            context.Sender.Tell("first");
            context.Sender.Tell(parcel);
        }));
        _ = twice.Ask<string>("?", TimeSpan.FromSeconds(1), Time, TestContext.Current.CancellationToken);
        parcel.Drops.ShouldBe(1);
    }

    [Fact]
    public void PipeTo_tells_the_result_or_what_the_failure_maps_to()
    {
        var probe = CreateTestProbe();
        Task.FromResult("done").PipeTo(probe.Ref, static e => e);
        Task.FromException<string>(new IOException("disk")).PipeTo(probe.Ref, static e => e);
        probe.ExpectMsg("done");
        probe.ExpectMsg<IOException>();
    }

    [Fact]
    public void What_an_actor_does_not_know_is_a_dead_letter()
    {
        var letters = CreateTestProbe();
        Sys.EventStream.Subscribe<DeadLetter>(letters.Ref);
        var deaf = ActorOf(() => new OnlyStrings());
        deaf.Tell(1);
        letters.ExpectMsg<DeadLetter>(letter => letter.Message.Equals(1) && letter.Recipient == deaf);
        Sys.Dropped(DropReason.DeadLetter).ShouldBe(1);
    }

    [Fact]
    public void A_message_to_a_stopped_actor_is_a_dead_letter_and_gives_back_what_it_holds()
    {
        var actor = ActorOf(() => new ActOn((_, _) => { }));
        Sys.Stop(actor);
        var parcel = new Parcel();
        actor.Tell(parcel);
        parcel.Drops.ShouldBe(1);
        parcel.Reason.ShouldBe(DropReason.DeadLetter);
    }

    [Fact]
    public void Without_a_sender_the_answer_is_a_dead_letter()
    {
        ActorOf(() => new ActOn((_, context) => context.Sender.Tell("answer"))).Tell("question");
        Sys.Dropped(DropReason.DeadLetter).ShouldBe(1);
    }

    [Fact]
    public void Paths_name_the_actors_above()
    {
        var probe = CreateTestProbe();
        var parent = ActorOf(() => new Supervisor(SupervisorStrategy.Default), "parent");
        probe.Send(parent, () => (ActorBase)new OnlyStrings());
        parent.Path.ShouldBe("/user/parent");
        probe.ExpectMsg<IActorRef>().Path.ShouldStartWith("/user/parent/$");
        Sys.DeadLetters.Path.ShouldBe("/deadLetters");
    }

    private sealed class OnlyStrings : ReceiveActor
    {
        public OnlyStrings() => Receive<string>(_ => { });
    }
}

using Lease.Kernel.Actors;

namespace Lease.Kernel.Tests.Actors;

public sealed class MailboxTests : TestKit.TestKit
{
    [Fact]
    public void A_full_mailbox_drops_what_comes_and_counts_it()
    {
        var parcels = Enumerable.Range(0, 10).Select(_ => new Parcel()).ToArray();
        var received = new List<object>();
        FloodFromWithin(Props.Create(() => new ActOn((message, _) => received.Add(message))).WithMailboxCapacity(4), parcels);
        received.ShouldBe(parcels[..4]);
        parcels[4..].ShouldAllBe(p => p.Drops == 1 && p.Reason == DropReason.MailboxFull);
        Sys.Dropped(DropReason.MailboxFull).ShouldBe(6);
    }

    [Fact]
    public void A_mailbox_that_was_full_takes_messages_again()
    {
        var received = 0;
        var actor = FloodFromWithin(Props.Create(() => new ActOn((_, _) => received++)).WithMailboxCapacity(4), new object[10]);
        actor.Tell("again");
        received.ShouldBe(5);
    }

    [Fact]
    public void Termination_reaches_a_watcher_whose_mailbox_is_full()
    {
        var target = CreateTestProbe();
        var ended = false;
        var watcher = Sys.ActorOf(Props.Create(() => new ActOn((message, context) =>
        {
            if (message is Terminated)
                ended = true;
            else if (message is IActorRef watched)
                context.Watch(watched);
        })).WithMailboxCapacity(1));
        watcher.Tell(target.Ref);
        ActorOf(() => new ActOn((_, _) =>
        {
            watcher.Tell("fills the mailbox");
            Sys.Stop(target.Ref);
            watcher.Tell("too many");
        })).Tell("go");
        ended.ShouldBeTrue();
        Sys.Dropped(DropReason.MailboxFull).ShouldBe(1);
    }

    [Fact]
    public void A_listener_for_dead_letters_with_a_full_mailbox_does_not_make_more_of_them()
    {
        var listener = Sys.ActorOf(Props.Create(() => new ActOn((_, _) => { })).WithMailboxCapacity(1));
        Sys.EventStream.Subscribe<DeadLetter>(listener);
        ActorOf(() => new ActOn((_, _) =>
        {
            for (var i = 0; i < 10; i++)
                Sys.DeadLetters.Tell(i);
        })).Tell("go");
        Sys.Dropped(DropReason.DeadLetter).ShouldBe(10);
        Sys.Dropped(DropReason.MailboxFull).ShouldBe(9);
    }

    [Fact]
    public void What_waits_in_the_mailbox_of_a_stopping_actor_is_dropped()
    {
        var parcel = new Parcel();
        var actor = ActorOf(() => new ActOn((_, context) =>
        {
            context.Self.Tell(parcel);
            context.Stop(context.Self);
        }));
        actor.Tell("stop");
        parcel.Drops.ShouldBe(1);
    }

    // The receiver has no turn before the sender's turn ends.
    private IActorRef FloodFromWithin(Props receiver, object[] messages)
    {
        IActorRef? actor = null;
        ActorOf(() => new ActOn((_, context) =>
        {
            actor = context.ActorOf(receiver);
            foreach (var message in messages)
                actor.Tell(message ?? "message");
        })).Tell("go");
        return actor!;
    }
}

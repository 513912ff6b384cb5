namespace Lease.Kernel.Actors;

/// <summary>Handle to an actor: the only way to reach it. Sending never blocks and never throws; delivery is at most once.</summary>
public interface IActorRef
{
    /// <summary>Path of the actor, for logs: <c>/user/name</c>.</summary>
    string Path { get; }

    /// <summary>Sends <paramref name="message"/>; <paramref name="sender"/> is who the receiver sees as its sender, null for nobody.</summary>
    void Tell(object message, IActorRef? sender = null);
}

/// <summary>A message that holds something to give back, such as a pooled buffer, when it is not delivered.</summary>
public interface IDroppable
{
    /// <summary>Called once, by whoever drops the message, from any thread.</summary>
    /// <param name="reason">Why it was not delivered.</param>
    void OnDropped(DropReason reason);
}

/// <summary>Why a message was not delivered.</summary>
public enum DropReason
{
    /// <summary>The receiver's bounded mailbox was full.</summary>
    MailboxFull,

    /// <summary>The receiver had stopped.</summary>
    DeadLetter,

    /// <summary>The receiver's bounded stash was full.</summary>
    StashFull,

    /// <summary>The receiver failed while it worked on earlier messages.</summary>
    ReceiverFailed,

    /// <summary>No node owned the receiver's shard in time.</summary>
    ShardUnavailable,
}

/// <summary>A message that nobody received; published on the event stream.</summary>
/// <param name="Message">The message.</param>
/// <param name="Recipient">For whom it was.</param>
/// <param name="Reason">Why it did not arrive.</param>
public sealed record DeadLetter(object Message, IActorRef Recipient, DropReason Reason);

/// <summary>Tells a watcher that the watched actor has stopped.</summary>
/// <param name="ActorRef">The actor that stopped.</param>
public sealed record Terminated(IActorRef ActorRef);

/// <summary>Stops its receiver after the messages in front of it.</summary>
public sealed class PoisonPill
{
    private PoisonPill()
    {
    }

    /// <summary>The only instance.</summary>
    public static PoisonPill Instance { get; } = new();
}

/// <summary>Tells an actor that no message came for the time set with <see cref="IActorContext.SetReceiveTimeout"/>.</summary>
public sealed class ReceiveTimeout
{
    private ReceiveTimeout()
    {
    }

    /// <summary>The only instance.</summary>
    public static ReceiveTimeout Instance { get; } = new();
}

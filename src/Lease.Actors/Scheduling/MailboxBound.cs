namespace Lease.Actors.Scheduling;

/// <summary>
/// The bound of an actor's mailbox for what comes from the network. A mailbox of Akka.NET has none that drops, so what waits is counted in front of it: who tells the actor enters each message,
/// the actor leaves when it takes it. May be used from any thread.
/// </summary>
/// <param name="limit">Messages that may wait.</param>
public sealed class MailboxBound(int limit)
{
    private int waiting;

    /// <summary>Counts a message in.</summary>
    /// <returns>False when the mailbox is full: the message is dropped.</returns>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref waiting) <= limit)
            return true;
        Leave();
        return false;
    }

    /// <summary>Counts a message out.</summary>
    public void Leave() => Interlocked.Decrement(ref waiting);
}

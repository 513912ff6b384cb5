namespace Lease.Kernel.Actors;

/// <summary>Messages that an actor put aside. Bounded: one too many is dropped and counted.</summary>
public sealed class Stash
{
    private readonly ActorCell owner;
    private readonly int capacity;
    private Envelope? first;
    private Envelope? last;

    internal Stash(ActorCell owner, int capacity)
    {
        this.owner = owner;
        this.capacity = capacity;
    }

    /// <summary>Messages in the stash.</summary>
    public int Count { get; private set; }

    /// <summary>Puts the message being handled aside; when the stash is full it is dropped instead.</summary>
    /// <returns>False when it was dropped.</returns>
    public bool TryStash()
    {
        if (Count >= capacity)
        {
            owner.DeadLetter(Current(), DropReason.StashFull);
            return false;
        }

        StashAlways();
        return true;
    }

    /// <summary>For the kernel's own messages that must not be lost: the bound does not hold.</summary>
    internal void StashAlways()
    {
        var message = Current();
        var envelope = new Envelope(message, owner.CurrentSender);
        if (last is null)
            first = envelope;
        else
            last.Next = envelope;
        last = envelope;
        Count++;
    }

    /// <summary>Puts every stashed message in front of the mailbox, in the order in which they came.</summary>
    public void UnstashAll()
    {
        if (first is null || last is null)
            return;
        owner.Prepend(first, last);
        Forget();
    }

    /// <summary>Drops every stashed message.</summary>
    public void Clear(DropReason reason)
    {
        for (var envelope = first; envelope is not null; envelope = envelope.Next)
            owner.DeadLetter(envelope.Message, reason);
        Forget();
    }

    private object Current() => owner.CurrentMessage ?? throw new InvalidOperationException("there is no message to stash");

    private void Forget()
    {
        first = last = null;
        Count = 0;
    }
}

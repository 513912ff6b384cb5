namespace Lease.Kernel.Actors;

/// <summary>An actor that registers a handler for each message type, in its constructor or in a behaviour given to <see cref="Become"/>.</summary>
public abstract class ReceiveActor : ActorBase
{
    private readonly Stack<Behaviour> behaviours = new();
    private Behaviour current = new();
    private Stash? stash;

    /// <summary>Messages put aside, bounded; made at first use.</summary>
    protected Stash Stash => stash ??= new Stash(Cell, StashCapacity);

    /// <summary>Most messages the stash holds.</summary>
    protected virtual int StashCapacity => 1000;

    /// <summary>Handles messages of <typeparamref name="T"/> with <paramref name="handler"/>, where <paramref name="when"/> (if given) holds. Handlers are tried in their order.</summary>
    protected void Receive<T>(Action<T> handler, Predicate<T>? when = null)
        => current.Add(handler, when);

    /// <summary>As <see cref="Receive{T}"/>; the actor takes no other message until the task has ended.</summary>
    protected void ReceiveAsync<T>(Func<T, Task> handler) => current.Add<T>(message => Cell.Await(() => handler(message)));

    /// <summary>Handles every message that no handler before it takes.</summary>
    protected void ReceiveAny(Action<object> handler) => current.Add(handler);

    /// <summary>Replaces the handlers by those that <paramref name="configure"/> registers.</summary>
    protected void Become(Action configure)
    {
        current = new Behaviour();
        configure();
    }

    /// <summary>As <see cref="Become"/>, and <see cref="UnbecomeStacked"/> comes back.</summary>
    protected void BecomeStacked(Action configure)
    {
        behaviours.Push(current);
        Become(configure);
    }

    /// <summary>Back to the handlers before the last <see cref="BecomeStacked"/>.</summary>
    protected void UnbecomeStacked()
    {
        if (behaviours.TryPop(out var previous))
            current = previous;
    }

    /// <inheritdoc/>
    protected sealed override bool Receive(object message) => current.Handle(message);

    internal override void AroundPreRestart(Exception reason, object? message)
    {
        stash?.UnstashAll();
        base.AroundPreRestart(reason, message);
    }

    // Back to the mailbox, which goes to the dead letters: stashed messages give back what they hold.
    internal override void AroundPostStop()
    {
        stash?.UnstashAll();
        base.AroundPostStop();
    }
}

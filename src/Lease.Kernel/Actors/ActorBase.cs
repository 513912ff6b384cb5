namespace Lease.Kernel.Actors;

/// <summary>What an actor may ask of its surroundings. Only for use within its own handlers.</summary>
public interface IActorContext
{
    /// <summary>The system.</summary>
    ActorSystem System { get; }

    /// <summary>The actor itself.</summary>
    IActorRef Self { get; }

    /// <summary>Who sent the message being handled; the dead letters when nobody did.</summary>
    IActorRef Sender { get; }

    /// <summary>The supervisor.</summary>
    IActorRef Parent { get; }

    /// <summary>Starts a child.</summary>
    IActorRef ActorOf(Props props, string? name = null);

    /// <summary>Stops an actor: it finishes the message it is at, its mailbox goes to the dead letters.</summary>
    void Stop(IActorRef actor);

    /// <summary>Asks for <see cref="Terminated"/> when <paramref name="actor"/> stops (at once when it has).</summary>
    void Watch(IActorRef actor);

    /// <summary>Ends <see cref="Watch"/>: no <see cref="Terminated"/> of it comes any more.</summary>
    void Unwatch(IActorRef actor);

    /// <summary>Sends <see cref="ReceiveTimeout"/> to the actor whenever no message came for <paramref name="timeout"/>; null: never.</summary>
    void SetReceiveTimeout(TimeSpan? timeout);

    /// <summary>The actor's timers.</summary>
    TimerScheduler Timers { get; }
}

/// <summary>Base of all actors. One message at a time; the next is not begun before the handler has returned.</summary>
public abstract class ActorBase
{
    private ActorCell? cell;

    /// <summary>The surroundings.</summary>
    protected IActorContext Context => Cell;

    /// <summary>The actor itself.</summary>
    protected IActorRef Self => Cell;

    /// <summary>Who sent the message being handled.</summary>
    protected IActorRef Sender => Cell.Sender;

    internal ActorCell Cell => cell ?? throw new InvalidOperationException("an actor has no context before it is started");

    /// <summary>How this actor supervises its children.</summary>
    protected virtual SupervisorStrategy SupervisorStrategy() => Actors.SupervisorStrategy.Default;

    /// <summary>Handles a message.</summary>
    /// <returns>False when the actor does not know the message: it goes to the dead letters.</returns>
    protected abstract bool Receive(object message);

    /// <summary>Called before the first message.</summary>
    protected virtual void PreStart()
    {
    }

    /// <summary>Called when the actor has stopped and its children have.</summary>
    protected virtual void PostStop()
    {
    }

    /// <summary>Called on the failed instance before a restart; stops the children and calls <see cref="PostStop"/>.</summary>
    protected virtual void PreRestart(Exception reason, object? message)
    {
        Cell.StopChildren();
        PostStop();
    }

    /// <summary>Called on the new instance after a restart; calls <see cref="PreStart"/>.</summary>
    protected virtual void PostRestart(Exception reason) => PreStart();

    /// <summary>Called when a child has stopped, without a watch.</summary>
    protected virtual void OnChildTerminated(IActorRef child)
    {
    }

    internal void Attach(ActorCell owner) => cell = owner;

    internal bool AroundReceive(object message) => Receive(message);

    internal void AroundPreStart() => PreStart();

    internal virtual void AroundPostStop() => PostStop();

    internal virtual void AroundPreRestart(Exception reason, object? message) => PreRestart(reason, message);

    internal void AroundPostRestart(Exception reason) => PostRestart(reason);

    internal void AroundChildTerminated(IActorRef child) => OnChildTerminated(child);

    internal SupervisorStrategy MakeStrategy() => SupervisorStrategy();
}

/// <summary>An actor with one method for all messages: the form for hot paths.</summary>
public abstract class UntypedActor : ActorBase
{
    /// <inheritdoc/>
    protected sealed override bool Receive(object message)
    {
        OnReceive(message);
        return true;
    }

    /// <summary>Handles a message.</summary>
    protected abstract void OnReceive(object message);

    /// <summary>Hands a message that this actor does not know to the dead letters.</summary>
    protected void Unhandled(object message) => Cell.DeadLetter(message, DropReason.DeadLetter);
}

using System.Diagnostics;

namespace Lease.Kernel.Actors;

/// <summary>
/// An actor's place in the system: mailbox, supervision, life. Everything but <see cref="Tell"/>, <see cref="TellSystem"/> and the child
/// list (locked) runs on the dispatcher's worker of this cell's affinity.
/// </summary>
internal sealed partial class ActorCell : IActorRef, IActorContext
{
    private readonly Props props;
    private readonly string? name;
    private readonly long number;
    private readonly ActorCell? parent;
    private EnvelopeQueue mailbox;
    private EnvelopeQueue systemMailbox;
    private ActorBase? actor;
    private SupervisorStrategy? strategy;
    private ActorCell? firstChild;
    private ActorCell? previousSibling;
    private ActorCell? nextSibling;
    private List<ActorCell>? watchers;
    private List<ActorCell>? watching;
    private TimerScheduler? timers;
    private Envelope? current;
    private ReceiveTimer? receiveTimer;
    private int queued;
    private int scheduled;
    private volatile Life life;
    private bool suspended;
    private bool awaiting;
    private volatile bool subscribed;

    public ActorCell(ActorSystem system, ActorCell? parent, Props props, string? name, long number)
    {
        System = system;
        this.parent = parent;
        this.props = props;
        this.name = name;
        this.number = number;
        Affinity = props.Affinity ?? parent?.Affinity ?? (int)(number & int.MaxValue);
    }

    private enum Life : byte
    {
        New,
        Running,
        Stopping,
        Stopped,
    }

    public ActorSystem System { get; }

    public int Affinity { get; }

    public ActorCell? NextRunnable { get; set; }

    public IActorRef Self => this;

    public IActorRef Parent => (IActorRef?)parent ?? System.DeadLetters;

    public IActorRef Sender => current?.Sender ?? System.DeadLetters;

    public IActorRef? CurrentSender => current?.Sender;

    public object? CurrentMessage => current?.Message;

    public string Path => parent is null ? "/" + name : $"{parent.Path}/{name ?? $"${number}"}";

    public TimerScheduler Timers => timers ??= new TimerScheduler(this);

    public override string ToString() => Path;

    public void Tell(object message, IActorRef? sender = null)
    {
        if (life == Life.Stopped)
        {
            System.Drop(message, this, DropReason.DeadLetter);
            return;
        }

        if (props.MailboxCapacity > 0 && Interlocked.Increment(ref queued) > props.MailboxCapacity)
        {
            Interlocked.Decrement(ref queued);
            System.Drop(message, this, DropReason.MailboxFull);
            return;
        }

        mailbox.Enqueue(new Envelope(message, sender));
        ScheduleIfIdle();

        // The actor may have stopped, and emptied its mailbox, between the first look and the enqueueing.
        if (life == Life.Stopped)
            ScheduleIfIdle();
    }

    /// <summary>For the kernel's own messages, whose number is bounded by what the actor asked for: they do not count for the mailbox's bound.</summary>
    public void TellUnbounded(object message, IActorRef? sender = null)
    {
        if (props.MailboxCapacity > 0)
            Interlocked.Increment(ref queued);
        mailbox.Enqueue(new Envelope(message, sender));
        ScheduleIfIdle();
    }

    public void TellSystem(object message)
    {
        systemMailbox.Enqueue(new Envelope(message, sender: null));
        ScheduleIfIdle();
    }

    public IActorRef ActorOf(Props props, string? name = null)
    {
        var child = new ActorCell(System, this, props, name, System.NextNumber());
        lock (this)
        {
            child.nextSibling = firstChild;
            firstChild?.previousSibling = child;
            firstChild = child;
        }

        child.TellSystem(StartMessage.Instance);

        // Whoever stops this actor looks at the children after it has set life: one of both sees the new child.
        if (life is Life.Stopping or Life.Stopped)
            child.TellSystem(StopMessage.Instance);
        return child;
    }

    public void Stop(IActorRef actor)
    {
        if (actor is ActorCell cell)
            cell.TellSystem(StopMessage.Instance);
    }

    public void Watch(IActorRef actor)
    {
        if (actor is not ActorCell watched)
            throw new ArgumentException($"{actor.Path} is no actor: it has no end to wait for", nameof(actor));
        watching ??= [];
        if (watching.Contains(watched))
            return;
        watching.Add(watched);
        watched.TellSystem(new WatchRequest(this, Watch: true));
    }

    public void Unwatch(IActorRef actor)
    {
        if (actor is ActorCell watched && watching?.Remove(watched) == true)
            watched.TellSystem(new WatchRequest(this, Watch: false));
    }

    /// <summary>Told by the event stream, so that a subscription ends with its actor.</summary>
    public void NoteSubscribed()
    {
        subscribed = true;
        if (life == Life.Stopped)
            System.EventStream.Unsubscribe(this);
    }

    public void SetReceiveTimeout(TimeSpan? timeout)
    {
        receiveTimer?.Dispose();
        receiveTimer = timeout is { } wait ? new ReceiveTimer(this, wait) : null;
        receiveTimer?.Restart();
    }

    public void Prepend(Envelope first, Envelope last)
    {
        if (props.MailboxCapacity > 0)
        {
            for (Envelope? envelope = first; envelope is not null; envelope = envelope.Next)
                Interlocked.Increment(ref queued);
        }

        mailbox.Prepend(first, last);
    }

    public void DeadLetter(object message, DropReason reason) => System.Drop(message, this, reason);

    public void StopChildren()
    {
        for (var child = FirstChild(); child is not null; child = child.NextSibling())
            child.TellSystem(StopMessage.Instance);
    }

    /// <summary>One turn: system messages first, then up to <see cref="Dispatcher.Throughput"/> messages.</summary>
    public void Run()
    {
        for (var i = 0; i < Dispatcher.Throughput; i++)
        {
            var envelope = systemMailbox.Dequeue();
            if (envelope is not null)
            {
                HandleSystem(envelope.Message);
                continue;
            }

            if (life == Life.Stopped)
                DrainToDeadLetters();
            if (!MayReceive)
                break;
            envelope = mailbox.Dequeue();
            if (envelope is null)
                break;
            if (props.MailboxCapacity > 0)
                Interlocked.Decrement(ref queued);
            Handle(envelope);
        }

        Volatile.Write(ref scheduled, 0);
        Interlocked.MemoryBarrier();
        if (!systemMailbox.IsEmpty || (!mailbox.IsEmpty && (MayReceive || life == Life.Stopped)))
            ScheduleIfIdle();
    }

    private bool MayReceive => life == Life.Running && !suspended && !awaiting;

    private ActorCell? FirstChild()
    {
        lock (this)
            return firstChild;
    }

    private ActorCell? NextSibling()
    {
        lock (parent!)
            return nextSibling;
    }

    private void ScheduleIfIdle()
    {
        if (Volatile.Read(ref scheduled) == 0 && Interlocked.Exchange(ref scheduled, 1) == 0)
            System.Dispatcher.Schedule(this);
    }

    private void Handle(Envelope envelope)
    {
        current = envelope;
        try
        {
            receiveTimer?.Restart();
            Deliver(envelope.Message);
        }
#pragma warning disable CA1031 // Whatever an actor throws is its supervisor's to judge.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(e, envelope.Message);
        }
        finally
        {
            if (!awaiting)
                current = null;
        }
    }

    private void Deliver(object message)
    {
        switch (message)
        {
            case PoisonPill:
                BeginStop();
                break;
            case Terminated { ActorRef: ActorCell ended }:
                // None after Unwatch, though it may have been on its way.
                if (watching?.Remove(ended) == true && !actor!.AroundReceive(message))
                    DeadLetter(message, DropReason.DeadLetter);
                break;
            case TimerMessage timer:
                if (timer.Timers == timers && timers.TryUnwrap(timer, out var inner) && !actor!.AroundReceive(inner))
                    DeadLetter(inner, DropReason.DeadLetter);
                break;
            default:
                if (!actor!.AroundReceive(message))
                    DeadLetter(message, DropReason.DeadLetter);
                break;
        }
    }

    private void HandleSystem(object message)
    {
        switch (message)
        {
            case StartMessage:
                Start();
                break;
            case StopMessage:
                BeginStop();
                break;
            case ChildTerminated terminated:
                OnChildTerminated(terminated.Child);
                break;
            case ChildFailed failed:
                Guarded(() => OnChildFailed(failed));
                break;
            case Supervise directive:
                Obey(directive);
                break;
            case WatchRequest request:
                OnWatch(request);
                break;
            case Continuation continuation:
                Continue(continuation);
                break;
            case AsyncCompleted completed:
                EndAwait(completed.Task);
                break;
            default:
                throw new UnreachableException($"{message}");
        }
    }

    private sealed class ReceiveTimer : IDisposable
    {
        private readonly ITimer timer;
        private readonly TimeSpan wait;

        public ReceiveTimer(ActorCell cell, TimeSpan wait)
        {
            this.wait = wait;
            timer = cell.System.TimeProvider.CreateTimer(
                static state => ((ActorCell)state!).Tell(ReceiveTimeout.Instance), cell, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public void Restart() => timer.Change(wait, Timeout.InfiniteTimeSpan);

        public void Dispose() => timer.Dispose();
    }
}

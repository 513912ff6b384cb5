using System.Diagnostics;

namespace Lease.Kernel.Actors;

/// <summary>
/// An actor's place in the system: mailbox, supervision, life. Everything but <see cref="Tell"/>, <see cref="TellSystem"/> and the child
/// list (locked) runs on the dispatcher's worker of this cell's affinity.
/// </summary>
internal sealed class ActorCell : IActorRef, IActorContext
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
    private List<IActorRef>? watchers;
    private TimerScheduler? timers;
    private Envelope? current;
    private ReceiveTimer? receiveTimer;
    private int queued;
    private int scheduled;
    private volatile Life life;
    private bool suspended;
    private bool awaiting;

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
        return child;
    }

    public void Stop(IActorRef actor)
    {
        if (actor is ActorCell cell)
            cell.TellSystem(StopMessage.Instance);
    }

    public void Watch(IActorRef actor) => ((ActorCell)actor).TellSystem(new WatchRequest(this, Watch: true));

    public void Unwatch(IActorRef actor) => ((ActorCell)actor).TellSystem(new WatchRequest(this, Watch: false));

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

    /// <summary>Runs an asynchronous handler: no other message until its task has ended; its continuations run here.</summary>
    public void Await(Func<Task> handler)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new CellContext(this));
        try
        {
            var task = handler();
            if (task.IsCompleted)
            {
                task.GetAwaiter().GetResult();
                return;
            }

            awaiting = true;
            _ = task.ContinueWith(
                static (t, cell) => ((ActorCell)cell!).TellSystem(new AsyncCompleted(t)),
                this,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
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
                OnChildFailed(failed);
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

    private void Start()
    {
        if (life != Life.New)
            return;
        life = Life.Running;
        Guarded(() =>
        {
            actor = props.NewActor();
            actor.Attach(this);
            actor.AroundPreStart();
        });
    }

    private void Guarded(Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // As in Handle.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(e, message: null);
        }
    }

    private void Fail(Exception exception, object? message)
    {
        if (life is not (Life.Running or Life.New))
            return;
        suspended = true;
        if (message is IDroppable droppable)
            droppable.OnDropped(DropReason.ReceiverFailed);
        if (parent is null)
            BeginStop();
        else
            parent.TellSystem(new ChildFailed(this, exception, message));
    }

    private void OnChildFailed(ChildFailed failed)
    {
        strategy ??= actor?.MakeStrategy() ?? SupervisorStrategy.Stopping;
        var directive = strategy.Decide(failed.Child, failed.Exception, System.TimeProvider.GetUtcNow());
        System.Log.ActorFailed(failed.Child.Path, directive, failed.Exception);
        if (directive == Directive.Escalate)
        {
            failed.Child.TellSystem(StopMessage.Instance);
            Fail(failed.Exception, message: null);
            return;
        }

        var order = new Supervise(directive, failed.Exception, failed.Message);
        if (!strategy.AllChildren)
        {
            failed.Child.TellSystem(order);
            return;
        }

        for (var child = FirstChild(); child is not null; child = child.NextSibling())
            child.TellSystem(order);
    }

    private void Obey(Supervise order)
    {
        if (life != Life.Running)
            return;
        switch (order.Directive)
        {
            case Directive.Resume:
                suspended = false;
                break;
            case Directive.Restart:
                Restart(order);
                break;
            default:
                BeginStop();
                break;
        }
    }

    private void Restart(Supervise order)
    {
        suspended = false;
        timers?.CancelAll();
        timers = null;
        var failed = actor;
        Guarded(() =>
        {
            failed?.AroundPreRestart(order.Exception, order.Message);
            actor = props.NewActor();
            actor.Attach(this);
            actor.AroundPostRestart(order.Exception);
        });
    }

    private void BeginStop()
    {
        if (life is Life.Stopping or Life.Stopped)
            return;
        life = Life.Stopping;
        StopChildren();
        if (FirstChild() is null)
            FinishStop();
    }

    private void FinishStop()
    {
        life = Life.Stopped;
        timers?.CancelAll();
        receiveTimer?.Dispose();
        try
        {
            actor?.AroundPostStop();
        }
#pragma warning disable CA1031 // It has stopped whatever its last words are.
        catch (Exception e)
#pragma warning restore CA1031
        {
            System.Log.StopFailed(Path, e);
        }

        actor = null;
        DrainToDeadLetters();
        if (watchers is not null)
        {
            var terminated = new Terminated(this);
            foreach (var watcher in watchers)
                watcher.Tell(terminated, this);
            watchers = null;
        }

        if (parent is null)
            System.OnRootStopped(this);
        else
            parent.TellSystem(new ChildTerminated(this));
    }

    private void DrainToDeadLetters()
    {
        while (mailbox.Dequeue() is { } envelope)
            System.Drop(envelope.Message, this, DropReason.DeadLetter);
    }

    private void OnChildTerminated(ActorCell child)
    {
        lock (this)
        {
            if (child.previousSibling is { } previous)
                previous.nextSibling = child.nextSibling;
            else
                firstChild = child.nextSibling;
            child.nextSibling?.previousSibling = child.previousSibling;
            child.previousSibling = null;
        }

        strategy?.Forget(child);
        if (life == Life.Running && actor is not null)
            Guarded(() => actor.AroundChildTerminated(child));
        if (life == Life.Stopping && FirstChild() is null)
            FinishStop();
    }

    private void OnWatch(WatchRequest request)
    {
        if (!request.Watch)
        {
            watchers?.Remove(request.Watcher);
            return;
        }

        if (life == Life.Stopped)
        {
            request.Watcher.Tell(new Terminated(this), this);
            return;
        }

        watchers ??= [];
        if (!watchers.Contains(request.Watcher))
            watchers.Add(request.Watcher);
    }

    private void Continue(Continuation continuation)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new CellContext(this));
        Guarded(() => continuation.Callback(continuation.State));
        SynchronizationContext.SetSynchronizationContext(before);
    }

    private void EndAwait(Task task)
    {
        awaiting = false;
        var message = current?.Message;
        if (task.IsFaulted)
            Fail(task.Exception!.GetBaseException(), message);
        else if (task.IsCanceled)
            Fail(new TaskCanceledException(task), message);
        current = null;
    }

    private sealed class CellContext(ActorCell cell) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => cell.TellSystem(new Continuation(d, state));
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

namespace Lease.Kernel.Actors;

/// <content>From start to stop: the end of children, watches and subscriptions.</content>
internal sealed partial class ActorCell
{
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
        EndWatches();
        if (subscribed)
            System.EventStream.Unsubscribe(this);

        if (parent is null)
            System.OnRootStopped(this);
        else
            parent.TellSystem(new ChildTerminated(this));
    }

    private void EndWatches()
    {
        foreach (var watched in watching ?? [])
            watched.TellSystem(new WatchRequest(this, Watch: false));
        watching = null;
        if (watchers is null)
            return;
        var terminated = new Terminated(this);
        foreach (var watcher in watchers)
            watcher.TellUnbounded(terminated, this);
        watchers = null;
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
            child.previousSibling = child.nextSibling = null;
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
            request.Watcher.TellUnbounded(new Terminated(this), this);
            return;
        }

        watchers ??= [];
        if (!watchers.Contains(request.Watcher))
            watchers.Add(request.Watcher);
    }
}

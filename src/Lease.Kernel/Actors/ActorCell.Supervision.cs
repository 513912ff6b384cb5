namespace Lease.Kernel.Actors;

/// <content>What happens when an actor fails, here and in its supervisor.</content>
internal sealed partial class ActorCell
{
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
        if (message is IDroppable)
            System.Drop(message, this, DropReason.ReceiverFailed);
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
            case Directive.Resume when actor is not null:
                suspended = false;
                break;
            case Directive.Resume or Directive.Restart:
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
        actor = null;
        Guarded(() =>
        {
            failed?.AroundPreRestart(order.Exception, order.Message);
            actor = props.NewActor();
            actor.Attach(this);
            actor.AroundPostRestart(order.Exception);
        });
    }
}

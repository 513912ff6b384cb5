namespace Lease.Kernel.Actors;

/// <content>Asynchronous handlers: their continuations run as turns of the actor.</content>
internal sealed partial class ActorCell
{
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
}

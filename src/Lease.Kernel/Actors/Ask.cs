namespace Lease.Kernel.Actors;

/// <summary>The forms of sending that build on <see cref="IActorRef.Tell"/>.</summary>
public static class ActorRefExtensions
{
    /// <summary>Sends a message and returns the first answer.</summary>
    /// <exception cref="TimeoutException">No answer came within <paramref name="timeout"/>.</exception>
    /// <exception cref="InvalidCastException">The answer is not a <typeparamref name="T"/>.</exception>
    public static async Task<T> Ask<T>(this IActorRef receiver, object message, TimeSpan timeout, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        var answer = new AnswerRef();
        receiver.Tell(message, answer);
        try
        {
            return (T)await answer.Task.WaitAsync(timeout, time ?? TimeProvider.System, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"no answer from {receiver.Path} to {message.GetType().Name} within {timeout.TotalSeconds} s", e);
        }
    }

    /// <summary>Passes a message on; the receiver sees the original sender.</summary>
    public static void Forward(this IActorRef receiver, object message, IActorContext context) => receiver.Tell(message, context.Sender);

    /// <summary>Tells <paramref name="receiver"/> the task's result, or what <paramref name="failure"/> makes of its exception.</summary>
    public static async void PipeTo<T>(this Task<T> task, IActorRef receiver, Func<Exception, object> failure)
        where T : class
    {
        object message;
        try
        {
            message = await task.ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The receiver is told of every failure; there is nobody else to tell.
        catch (Exception e)
#pragma warning restore CA1031
        {
            message = failure(e);
        }

        receiver.Tell(message);
    }

    private sealed class AnswerRef : IActorRef
    {
        private readonly TaskCompletionSource<object> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<object> Task => answer.Task;

        public string Path => "/temp";

        public void Tell(object message, IActorRef? sender = null)
        {
            if (!answer.TrySetResult(message) && message is IDroppable droppable)
                droppable.OnDropped(DropReason.DeadLetter);
        }
    }
}

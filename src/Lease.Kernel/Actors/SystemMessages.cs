namespace Lease.Kernel.Actors;

// What the kernel tells a cell in front of all ordinary messages.

internal sealed class StartMessage
{
    public static readonly StartMessage Instance = new();
}

internal sealed class StopMessage
{
    public static readonly StopMessage Instance = new();
}

internal sealed record ChildFailed(ActorCell Child, Exception Exception, object? Message);

internal sealed record Supervise(Directive Directive, Exception Exception, object? Message);

internal sealed record ChildTerminated(ActorCell Child);

internal sealed record WatchRequest(ActorCell Watcher, bool Watch);

internal sealed record Continuation(SendOrPostCallback Callback, object? State);

internal sealed record AsyncCompleted(Task Task);

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Kernel.Actors;

/// <summary>Settings of an <see cref="ActorSystem"/>.</summary>
public sealed record ActorSystemOptions
{
    /// <summary>The clock of every timer.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>For failures of actors.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Threads that run actors; default: half as many as processors (sockets and the journal have threads too, and assist), at least 1, at most 8.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount / 2, 1, 8);

    /// <summary>Called on each of these threads when it starts: for its priority. Must not throw.</summary>
    public Action? OnWorkerStart { get; init; }
}

/// <summary>A tree of actors with its threads, clock and event stream.</summary>
public sealed class ActorSystem : IAsyncDisposable
{
    private readonly TaskCompletionSource terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ActorCell guardian;
    private readonly DeadLetterRef deadLetters;
    private readonly long[] drops = new long[Enum.GetValues<DropReason>().Length];
    private long lastNumber;

    internal ActorSystem(string name, ActorSystemOptions options, Dispatcher? dispatcher)
    {
        Name = name;
        TimeProvider = options.TimeProvider;
        Log = options.LoggerFactory.CreateLogger("Lease.Kernel");
        Dispatcher = dispatcher ?? new WorkerDispatcher(name, options.Workers, options.OnWorkerStart, Log);
        Scheduler = new Scheduler(TimeProvider);
        deadLetters = new DeadLetterRef(this);
        guardian = new ActorCell(this, parent: null, Props.Create(static () => new Guardian()), "user", NextNumber());
        guardian.TellSystem(StartMessage.Instance);
    }

    /// <summary>The system's name.</summary>
    public string Name { get; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; }

    /// <summary>Delayed messages.</summary>
    public Scheduler Scheduler { get; }

    /// <summary>Publish and subscribe by message type; carries <see cref="DeadLetter"/>s too.</summary>
    public EventStream EventStream { get; } = new();

    /// <summary>Where messages for nobody go.</summary>
    public IActorRef DeadLetters => deadLetters;

    /// <summary>Ends when every actor has stopped.</summary>
    public Task WhenTerminated => terminated.Task;

    internal Dispatcher Dispatcher { get; }

    internal ILogger Log { get; }

    /// <summary>Makes a system; its threads run until <see cref="Terminate"/>.</summary>
    public static ActorSystem Create(string name, ActorSystemOptions? options = null) => new(name, options ?? new ActorSystemOptions(), dispatcher: null);

    /// <summary>Starts an actor at the top: <c>/user/name</c>.</summary>
    public IActorRef ActorOf(Props props, string? name = null) => guardian.ActorOf(props, name);

    /// <summary>Stops an actor.</summary>
    public void Stop(IActorRef actor) => guardian.Stop(actor);

    /// <summary>
    /// For a thread outside of the system (a receive loop, the journal) at the end of each turn of its own: runs the actors that it has made runnable right here, a few passes,
    /// in the place of waking a worker. From its first call on the thread wakes nobody by sending, so it must call this after every turn in which it sent.
    /// </summary>
    /// <param name="busy">Whether it has more to do itself and calls again soon: then workers are woken, if there are several.</param>
    public void Assist(bool busy) => Dispatcher.Assist(busy);

    /// <summary>Messages dropped for <paramref name="reason"/> since the start.</summary>
    public long Dropped(DropReason reason) => Interlocked.Read(ref drops[(int)reason]);

    /// <summary>Stops every actor, children first.</summary>
    public Task Terminate()
    {
        guardian.TellSystem(StopMessage.Instance);
        return terminated.Task;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Terminate().ConfigureAwait(false);
        Dispatcher.Dispose();
    }

    /// <summary>Counts a message as dropped, lets it give back what it holds and tells whoever listens for <see cref="DeadLetter"/>s.</summary>
    public void Drop(object message, IActorRef recipient, DropReason reason)
    {
        Interlocked.Increment(ref drops[(int)reason]);
        if (message is IDroppable droppable)
            droppable.OnDropped(reason);

        // A listener that loses dead letters is not told so: that would never end.
        if (message is not DeadLetter && EventStream.HasSubscribers<DeadLetter>())
            EventStream.Publish(new DeadLetter(message, recipient, reason));
    }

    internal long NextNumber() => Interlocked.Increment(ref lastNumber);

    internal void OnRootStopped(ActorCell root)
    {
        if (ReferenceEquals(root, guardian))
            terminated.TrySetResult();
    }

    private sealed class Guardian : UntypedActor
    {
        protected override void OnReceive(object message) => Unhandled(message);
    }

    private sealed class DeadLetterRef(ActorSystem system) : IActorRef
    {
        public string Path => "/deadLetters";

        public void Tell(object message, IActorRef? sender = null) => system.Drop(message, this, DropReason.DeadLetter);
    }
}

using Lease.Kernel.Actors;

namespace Lease.Kernel.TestKit;

/// <summary>What a test demanded did not happen.</summary>
public sealed class TestKitException : Exception
{
    /// <summary>Makes it.</summary>
    public TestKitException(string message)
        : base(message)
    {
    }
}

/// <summary>
/// An actor system for tests: everything runs on the thread that sends, before sending returns, and time is virtual, so that a test needs no waiting and always takes the
/// same course. Akka.NET: <c>TestKit</c> with <c>CallingThreadDispatcher</c> and <c>TestScheduler</c>.
/// </summary>
public class TestKit : IAsyncDisposable
{
    /// <summary>Makes the system.</summary>
    public TestKit() => Sys = new ActorSystem("test", new ActorSystemOptions { TimeProvider = Time }, new CallingThreadDispatcher());

    /// <summary>The system.</summary>
    public ActorSystem Sys { get; }

    /// <summary>The system's clock.</summary>
    public VirtualTime Time { get; } = new();

    /// <summary>Starts an actor.</summary>
    public IActorRef ActorOf(Func<ActorBase> factory, string? name = null) => Sys.ActorOf(Props.Create(factory), name);

    /// <summary>An actor that keeps what it is sent, for the test to look at.</summary>
    public TestProbe CreateTestProbe(string? name = null) => new(Sys, name);

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        await Sys.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private sealed class CallingThreadDispatcher : Dispatcher
    {
        private readonly Lock gate = new();
        private readonly Queue<ActorCell> runnable = new();
        private bool running;

        public override void Schedule(ActorCell cell)
        {
            lock (gate)
            {
                runnable.Enqueue(cell);
                if (running)
                    return;
                running = true;
            }

            while (Next() is { } next)
                next.Run();
        }

        private ActorCell? Next()
        {
            lock (gate)
            {
                if (runnable.TryDequeue(out var cell))
                    return cell;
                running = false;
                return null;
            }
        }
    }
}

/// <summary>Keeps messages for a test. Works with every dispatcher: what it expects it awaits, at most for a few seconds of real time.</summary>
public sealed class TestProbe
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private readonly Queue<(object Message, IActorRef Sender)> received = new();

    internal TestProbe(ActorSystem system, string? name)
    {
        Ref = system.ActorOf(Props.Create(() => new Keeper(this)), name);
    }

    /// <summary>The probe's own reference.</summary>
    public IActorRef Ref { get; }

    /// <summary>Who sent the last message that was expected.</summary>
    public IActorRef LastSender { get; private set; } = null!;

    /// <summary>The next message must be a <typeparamref name="T"/>, and <paramref name="when"/> (if given) hold.</summary>
    /// <exception cref="TestKitException">It is not, or none comes.</exception>
    public T ExpectMsg<T>(Predicate<T>? when = null)
    {
        var message = Next() ?? throw new TestKitException($"expected {typeof(T).Name}, nothing came");
        if (message is not T typed)
            throw new TestKitException($"expected {typeof(T).Name}, got {message}");
        return when is null || when(typed) ? typed : throw new TestKitException($"{message} is not as expected");
    }

    /// <summary>The next message must equal <paramref name="expected"/>.</summary>
    public T ExpectMsg<T>(T expected) => ExpectMsg<T>(m => Equals(m, expected));

    /// <summary>Skips messages until one is a <typeparamref name="T"/>.</summary>
    public T FishForMessage<T>(Predicate<T>? when = null)
    {
        while (true)
        {
            var message = Next() ?? throw new TestKitException($"no {typeof(T).Name} came");
            if (message is T typed && (when is null || when(typed)))
                return typed;
        }
    }

    /// <summary>The next <paramref name="count"/> messages.</summary>
    public IReadOnlyList<object> ReceiveN(int count)
    {
        var messages = new List<object>(count);
        while (messages.Count < count)
            messages.Add(Next() ?? throw new TestKitException($"expected {count} messages, {messages.Count} came"));
        return messages;
    }

    /// <summary>Nothing may be waiting. Only a proof on the calling thread's dispatcher.</summary>
    public void ExpectNoMsg()
    {
        lock (received)
        {
            if (received.TryPeek(out var next))
                throw new TestKitException($"expected nothing, got {next.Message}");
        }
    }

    /// <summary>Watches <paramref name="actor"/>.</summary>
    public void Watch(IActorRef actor) => Ref.Tell(new WatchOrder(actor));

    /// <summary>The next message must be that <paramref name="actor"/> stopped.</summary>
    public void ExpectTerminated(IActorRef actor) => ExpectMsg<Terminated>(t => ReferenceEquals(t.ActorRef, actor));

    /// <summary>Sends as the probe.</summary>
    public void Send(IActorRef receiver, object message) => receiver.Tell(message, Ref);

    /// <summary>Answers the last expected message.</summary>
    public void Reply(object message) => LastSender.Tell(message, Ref);

    private object? Next()
    {
        lock (received)
        {
            while (received.Count == 0)
            {
                if (!Monitor.Wait(received, Deadline))
                    return null;
            }

            var (message, sender) = received.Dequeue();
            LastSender = sender;
            return message;
        }
    }

    private sealed record WatchOrder(IActorRef Actor);

    private sealed class Keeper(TestProbe probe) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is WatchOrder order)
            {
                Context.Watch(order.Actor);
                return;
            }

            lock (probe.received)
            {
                probe.received.Enqueue((message, Sender));
                Monitor.PulseAll(probe.received);
            }
        }
    }
}

using Akka.Configuration;
using Akka.Dispatch;

namespace Lease.Testing;

/// <summary>
/// Makes the executor of a scenario: actors run on the thread that sends, one after the other in the order in which they became runnable, before sending returns. So a scenario takes the same course
/// each time and waits for nothing. (Akka.TestKit's own runs a receiver in the middle of its sender's handler.)
/// </summary>
public sealed class CallingThreadExecutorConfigurator(Config config, IDispatcherPrerequisites prerequisites) : ExecutorServiceConfigurator(config, prerequisites)
{
    /// <summary>The configuration of a dispatcher.</summary>
    public const string Dispatcher = """
        {
          type = Dispatcher
          executor = "Lease.Testing.CallingThreadExecutorConfigurator, Lease.Testing"
          throughput = 1
        }
        """;

    /// <inheritdoc/>
    public override ExecutorService Produce(string id) => new CallingThreadExecutor(id);

    private sealed class CallingThreadExecutor(string id) : ExecutorService(id)
    {
        private readonly Lock gate = new();
        private readonly Queue<IRunnable> runnable = new();
        private bool running;

        public override void Execute(IRunnable run)
        {
            lock (gate)
            {
                runnable.Enqueue(run);
                if (running)
                    return;
                running = true;
            }

            while (Next() is { } next)
                next.Run();
        }

        public override void Shutdown()
        {
        }

        private IRunnable? Next()
        {
            lock (gate)
            {
                if (runnable.TryDequeue(out var next))
                    return next;
                running = false;
                return null;
            }
        }
    }
}

using System.Collections.Concurrent;
using Akka.Configuration;
using Akka.Dispatch;

namespace Lease.Host.Server;

/// <summary>
/// Makes the executor of an Akka.NET dispatcher with threads of its own, whose number and niceness the configuration says: <c>workers</c> (0: half as many as processors, since sockets and the
/// journal have threads too; at least 1, at most 8) and <c>niceness</c> (0 to 19, on Linux).
/// </summary>
internal sealed class WorkerExecutorConfigurator(Config config, IDispatcherPrerequisites prerequisites) : ExecutorServiceConfigurator(config, prerequisites)
{
    private const int MaxWorkers = 8;

    /// <inheritdoc/>
    public override ExecutorService Produce(string id)
    {
        var workers = Config.GetInt("workers");
        return new WorkerExecutor(id, workers > 0 ? workers : Math.Clamp(Environment.ProcessorCount / 2, 1, MaxWorkers), Config.GetInt("niceness"));
    }
}

/// <summary>Threads that run what they are given, in the order in which it comes.</summary>
internal sealed class WorkerExecutor : ExecutorService
{
    private readonly BlockingCollection<IRunnable> queue = [];

    public WorkerExecutor(string id, int workers, int niceness)
        : base(id)
    {
        for (var i = 0; i < workers; i++)
            new Thread(() => Run(niceness)) { Name = $"{id}-{i}", IsBackground = true }.Start();
    }

    /// <inheritdoc/>
    public override void Execute(IRunnable run)
    {
        try
        {
            queue.Add(run);
        }
        catch (InvalidOperationException e)
        {
            throw new RejectedExecutionException("the dispatcher has been shut down", e);
        }
    }

    /// <inheritdoc/>
    public override void Shutdown() => queue.CompleteAdding();

    private void Run(int niceness)
    {
        if (niceness > 0)
            ThreadNiceness.Set(niceness);
        foreach (var run in queue.GetConsumingEnumerable())
            run.Run();
    }
}

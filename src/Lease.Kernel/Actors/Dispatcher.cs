using Microsoft.Extensions.Logging;

namespace Lease.Kernel.Actors;

/// <summary>Runs actors. An actor always runs on the worker of its affinity, so never on two threads at once.</summary>
internal abstract class Dispatcher : IDisposable
{
    /// <summary>Messages that an actor handles before others have their turn.</summary>
    public const int Throughput = 64;

    /// <summary>Called when <paramref name="cell"/> has become runnable; its <see cref="ActorCell.Run"/> is to be called once.</summary>
    public abstract void Schedule(ActorCell cell);

    public virtual void Dispose()
    {
    }
}

/// <summary>A fixed number of threads, each with its own queue of runnable actors. A thread sleeps without spinning, and is only woken when it sleeps.</summary>
internal sealed class WorkerDispatcher : Dispatcher
{
    private readonly Worker[] workers;

    public WorkerDispatcher(string name, int count, ILogger logger)
    {
        workers = new Worker[count];
        for (var i = 0; i < count; i++)
            workers[i] = new Worker($"{name}-{i}", logger);
    }

    public override void Schedule(ActorCell cell) => workers[(int)((uint)cell.Affinity % (uint)workers.Length)].Enqueue(cell);

    public override void Dispose()
    {
        foreach (var worker in workers)
            worker.Stop();
    }

    private sealed class Worker
    {
        private readonly object gate = new();
        private readonly ILogger logger;
        private ActorCell? runnable;
        private int sleeping;
        private volatile bool stopping;

        public Worker(string name, ILogger logger)
        {
            this.logger = logger;
            new Thread(Loop) { Name = name, IsBackground = true }.Start();
        }

        public void Enqueue(ActorCell cell)
        {
            var head = Volatile.Read(ref runnable);
            while (true)
            {
                cell.NextRunnable = head;
                var seen = Interlocked.CompareExchange(ref runnable, cell, head);
                if (ReferenceEquals(seen, head))
                    break;
                head = seen;
            }

            // The exchange above is a full fence: either this sees the worker asleep, or the worker sees the cell before it sleeps.
            if (Volatile.Read(ref sleeping) != 0)
                Wake();
        }

        public void Stop()
        {
            stopping = true;
            Wake();
        }

        private void Wake()
        {
            lock (gate)
                Monitor.Pulse(gate);
        }

        private void Loop()
        {
            while (!stopping)
            {
                var stack = Interlocked.Exchange(ref runnable, value: null);
                if (stack is null)
                {
                    Sleep();
                    continue;
                }

                for (var cell = Reverse(stack); cell is not null;)
                {
                    var next = cell.NextRunnable;
                    cell.NextRunnable = null;
                    Run(cell);
                    cell = next;
                }
            }
        }

        private void Run(ActorCell cell)
        {
            try
            {
                cell.Run();
            }
#pragma warning disable CA1031 // The last line of defence: a bug in the kernel must not end the thread that serves other actors.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.DispatchFailed(cell.Path, e);
            }
        }

        private void Sleep()
        {
            lock (gate)
            {
                Interlocked.Exchange(ref sleeping, 1);
                if (Volatile.Read(ref runnable) is null && !stopping)
                    Monitor.Wait(gate);
                Volatile.Write(ref sleeping, 0);
            }
        }

        private static ActorCell? Reverse(ActorCell? stack)
        {
            ActorCell? first = null;
            while (stack is not null)
            {
                var next = stack.NextRunnable;
                stack.NextRunnable = first;
                first = stack;
                stack = next;
            }

            return first;
        }
    }
}

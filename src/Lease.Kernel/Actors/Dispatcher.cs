using Lease.Kernel.IO;
using Microsoft.Extensions.Logging;

namespace Lease.Kernel.Actors;

/// <summary>Runs actors. An actor always runs on the worker of its affinity, so never on two threads at once.</summary>
internal abstract class Dispatcher : IDisposable
{
    /// <summary>Messages that an actor handles before others have their turn.</summary>
    public const int Throughput = 64;

    /// <summary>Called when <paramref name="cell"/> has become runnable; its <see cref="ActorCell.Run"/> is to be called once.</summary>
    public abstract void Schedule(ActorCell cell);

    /// <summary>See <see cref="ActorSystem.Assist"/>.</summary>
    public virtual void Assist(bool busy)
    {
    }

    public virtual void Dispose()
    {
    }
}

/// <summary>
/// A fixed number of workers, each a queue of runnable actors with a thread that drains it. A thread sleeps without spinning and is only woken when it sleeps; a thread that
/// assists drains the queues itself instead of waking anybody: on few processors it is the switching between threads that costs most.
/// </summary>
internal sealed class WorkerDispatcher : Dispatcher
{
    // The dispatcher that this thread assists: actors of another system must be woken all the same.
    [ThreadStatic]
    private static WorkerDispatcher? assisted;

    private readonly Worker[] workers;

    public WorkerDispatcher(string name, int count, Action? onWorkerStart, ILogger logger)
    {
        workers = new Worker[count];
        for (var i = 0; i < count; i++)
            workers[i] = new Worker($"{name}-{i}", this, onWorkerStart, logger);
    }

    public override void Schedule(ActorCell cell) => workers[(int)((uint)cell.Affinity % (uint)workers.Length)].Enqueue(cell);

    public override void Assist(bool busy)
    {
        assisted = this;

        // With a single worker there is no processor to spare: what waits is run here.
        if (!busy || workers.Length == 1)
        {
            foreach (var worker in workers)
                worker.Assist();
        }

        // Only now: what ran above may have made actors of any worker runnable.
        Interlocked.MemoryBarrier();
        foreach (var worker in workers)
            worker.WakeForRunnable();
    }

    public override void Dispose()
    {
        foreach (var worker in workers)
            worker.Stop();
    }

    private sealed class Worker
    {
        // A message goes through some actors before it is answered or written. The assistant has work of its own, so there is a bound.
        private const int AssistantPasses = 8;

        private readonly object gate = new();
        private readonly WorkerDispatcher dispatcher;
        private readonly ILogger logger;
        private ActorCell? runnable;
        private int draining;
        private int sleeping;
        private volatile bool stopping;

        public Worker(string name, WorkerDispatcher dispatcher, Action? onStart, ILogger logger)
        {
            this.dispatcher = dispatcher;
            this.logger = logger;
            var thread = new Thread(() =>
            {
                onStart?.Invoke();
                Loop();
            });
            thread.Name = name;
            thread.IsBackground = true;
            thread.Start();
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

            // The exchange above is a full fence: who drains the queue looks at it again after it has said that it stops, so it sees the cell.
            if (!ReferenceEquals(assisted, dispatcher) && Volatile.Read(ref draining) == 0)
                WakeIfAsleep();
        }

        public void Assist() => TryDrain(AssistantPasses);

        public void WakeForRunnable()
        {
            if (Volatile.Read(ref runnable) is not null && Volatile.Read(ref draining) == 0)
                WakeIfAsleep();
        }

        public void Stop()
        {
            stopping = true;
            Wake();
        }

        private void WakeIfAsleep()
        {
            if (Volatile.Read(ref sleeping) != 0)
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
                if (!TryDrain(int.MaxValue))
                    Sleep();
            }
        }

        // Whoever holds the right to drain runs the actors of this worker; so they never run on two threads at once.
        private bool TryDrain(int passes)
        {
            if (Volatile.Read(ref runnable) is null || Interlocked.Exchange(ref draining, 1) != 0)
                return false;
            do
                RunAll(Reverse(Interlocked.Exchange(ref runnable, value: null)));
            while (--passes > 0 && Volatile.Read(ref runnable) is not null);
            Interlocked.Exchange(ref draining, 0);
            return true;
        }

        // Batches come out of one pass too: what was committed together is answered together.
        private void RunAll(ActorCell? cell)
        {
            SendScope.Begin();
            while (cell is not null)
            {
                var next = cell.NextRunnable;
                cell.NextRunnable = null;
                Run(cell);
                cell = next;
            }

            Send();
        }

        private void Send()
        {
            try
            {
                SendScope.End();
            }
#pragma warning disable CA1031 // As in Run.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.DispatchFailed("what was to be sent", e);
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
                if ((Volatile.Read(ref runnable) is null || Volatile.Read(ref draining) != 0) && !stopping)
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

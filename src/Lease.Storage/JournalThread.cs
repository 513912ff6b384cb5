using System.Collections.Concurrent;
using Lease.Kernel.Persistence;

namespace Lease.Storage;

/// <summary>
/// The only thread of a process that writes. Group commit without a timer: while a batch commits the next collects, and is taken as a whole. Rare writes (membership, claims, slices)
/// run on the same thread between batches, so that a node's writes have one order.
/// </summary>
/// <typeparam name="TConnection">The engine's connection.</typeparam>
internal abstract class JournalThread<TConnection> : IDisposable
{
    private const int GatherFrom = 8;
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(1);

    private readonly object gate = new();
    private readonly ConcurrentQueue<JournalWrite> queue = new();
    private readonly ConcurrentQueue<IJob> jobs = new();
    private readonly LeaseStoreOptions options;
    private readonly Thread thread;

    // Taken from the queue, and not yet into a batch. (A look at the queue's head would make the queue keep what has left it: ConcurrentQueue.TryPeek.)
    private JournalWrite? first;
    private int queued;
    private int sleeping;
    private volatile bool stopping;

    protected JournalThread(LeaseStoreOptions options, StoreCounters counters)
    {
        this.options = options;
        Counters = counters;
        Batch = new List<Pending>(options.MaxBatch);
        thread = new Thread(Loop) { Name = "journal", IsBackground = true };
    }

    private interface IJob
    {
        void Run(TConnection connection);

        void Complete();

        void Fail(Exception reason);
    }

    /// <summary>What was collected and is to be decided.</summary>
    protected List<Pending> Batch { get; }

    protected StoreCounters Counters { get; }

    public bool TryAppend(JournalWrite write)
    {
        if (stopping || Interlocked.Increment(ref queued) > options.QueueCapacity)
        {
            Interlocked.Decrement(ref queued);
            Counters.CountRefused();
            return false;
        }

        queue.Enqueue(write);
        WakeIfAsleep();
        return true;
    }

    /// <summary>Runs <paramref name="work"/> on the writing connection, in a transaction of its own.</summary>
    public Task<T> RunAsync<T>(Func<TConnection, T> work)
    {
        var job = new Job<T>(work);
        jobs.Enqueue(job);
        WakeIfAsleep();
        if (stopping)
            FailJobs();
        return job.Task;
    }

    public void Dispose()
    {
        if (stopping)
            return;
        stopping = true;
        lock (gate)
            Monitor.Pulse(gate);
        if (thread.ThreadState.HasFlag(ThreadState.Unstarted))
            return;
        thread.Join();
        Close();
    }

    /// <summary>Called last by the constructor of the engine's journal.</summary>
    protected void Start() => thread.Start();

    /// <summary>
    /// Decides every write of <see cref="Batch"/>; does not throw. False, with nothing stored, when one of several writes cannot be stored for what is in it.
    /// </summary>
    protected abstract bool TryCommit();

    /// <summary>Called when every write of <see cref="Batch"/> has been told.</summary>
    protected virtual void OnTold()
    {
    }

    /// <summary>Called between two batches.</summary>
    protected virtual void AfterBatch()
    {
    }

    /// <summary>The connection with a transaction begun.</summary>
    protected abstract TConnection Begin();

    /// <summary>Ends it.</summary>
    protected abstract void End();

    /// <summary>Takes it back after an error; does not throw.</summary>
    protected abstract void Undo();

    /// <summary>Called on the disposing thread when the journal's has ended.</summary>
    protected abstract void Close();

    /// <summary>Whether a write may go into the batch with those that are in it; else it begins the next one.</summary>
    protected virtual bool MayJoin(JournalWrite write) => true;

    private void WakeIfAsleep()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref sleeping) == 0)
            return;
        lock (gate)
            Monitor.Pulse(gate);
    }

    private void Loop()
    {
        while (!stopping)
        {
            if (jobs.TryDequeue(out var job))
            {
                RunJob(job);
                options.AfterTell?.Invoke();
            }
            else if (!TryCollect())
            {
                Sleep();
            }
            else
            {
                CommitBatch();
                AwaitMore();
            }
        }

        FailJobs();
        while (TryCollect())
            FailBatch();
    }

    // While writes come fast, a moment's wait makes fewer and larger commits of them.
    private void AwaitMore()
    {
        if (Batch.Count >= GatherFrom && Volatile.Read(ref queued) < options.MaxBatch && jobs.IsEmpty && !stopping)
            Thread.Sleep(GatherFor);
    }

    private void CommitBatch()
    {
        if (TryCommit())
        {
            Tell();
            options.AfterTell?.Invoke();
            AfterBatch();
            return;
        }

        // What cannot be stored must not take the others with it: the halves that hold none go through, and in the end it stands alone.
        ReadOnlySpan<Pending> all = Batch.ToArray();
        CommitPart(all[..(all.Length / 2)]);
        CommitPart(all[(all.Length / 2)..]);
    }

    private void CommitPart(ReadOnlySpan<Pending> part)
    {
        Batch.Clear();
        foreach (var pending in part)
        {
            pending.Write.Outcome = JournalOutcome.Pending;
            if (pending.IsNew)
                pending.Write.RowId = 0;
            Batch.Add(pending);
        }

        CommitBatch();
    }

    private void Sleep()
    {
        lock (gate)
        {
            Interlocked.Exchange(ref sleeping, 1);
            if (queue.IsEmpty && jobs.IsEmpty && !stopping)
                Monitor.Wait(gate);
            Volatile.Write(ref sleeping, 0);
        }
    }

    private bool TryCollect()
    {
        Batch.Clear();
        while (Batch.Count < options.MaxBatch && (first ?? Dequeued()) is { } write)
        {
            first = write;
            if (!MayJoin(write))
                break;
            first = null;
            Batch.Add(new Pending(write, write.RowId == 0));
        }

        Interlocked.Add(ref queued, -Batch.Count);
        return Batch.Count > 0;
    }

    private JournalWrite? Dequeued() => queue.TryDequeue(out var write) ? write : null;

    private void Tell()
    {
        var fenced = 0;
        foreach (var (write, _) in Batch)
        {
            if (write.Outcome == JournalOutcome.Fenced)
                fenced++;
            write.ReplyTo.Tell(write);
        }

        if (fenced > 0)
            Counters.CountFenced(fenced);
        OnTold();
    }

    private void RunJob(IJob job)
    {
        try
        {
            job.Run(Begin());
            End();
        }
#pragma warning disable CA1031 // Whatever goes wrong in a job is its caller's to hear of; the journal's thread goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Undo();
            job.Fail(e);
            return;
        }

        job.Complete();
    }

    private void FailBatch()
    {
        foreach (var (write, _) in Batch)
            write.Outcome = JournalOutcome.Failed;
        Counters.CountFailed(Batch.Count);
        Tell();
    }

    private void FailJobs()
    {
        while (jobs.TryDequeue(out var job))
            job.Fail(new StoreException("the store is closing"));
    }

    /// <summary>A write of the batch.</summary>
    /// <param name="Write">The write.</param>
    /// <param name="IsNew">Whether its entity has no row yet; the write's handle may be set before the commit has succeeded.</param>
    protected readonly record struct Pending(JournalWrite Write, bool IsNew);

    private sealed class Job<T>(Func<TConnection, T> work) : IJob
    {
        private readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T result = default!;

        public Task<T> Task => done.Task;

        public void Run(TConnection connection) => result = work(connection);

        public void Complete() => done.TrySetResult(result);

        public void Fail(Exception reason) => done.TrySetException(reason);
    }
}

/// <summary>A shard as the journal believes it to be, and as the batch under way would make it.</summary>
internal struct ShardState(long epoch, long lastSequence, long changedAt)
{
    public long Epoch = epoch;
    public long LastSequence = lastSequence;
    public long ChangedAt = changedAt;
    public long Next = lastSequence;
    public long NextChangedAt = changedAt;

    public void Rewind()
    {
        Next = LastSequence;
        NextChangedAt = ChangedAt;
    }

    public void Accept()
    {
        LastSequence = Next;
        ChangedAt = NextChangedAt;
    }
}

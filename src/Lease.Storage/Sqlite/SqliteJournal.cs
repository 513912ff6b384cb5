using System.Collections.Concurrent;
using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>
/// The only thread that writes. Group commit without a timer: while a batch commits the next collects, and is taken as a whole. Rare writes (claims, slices)
/// run on the same thread between batches.
/// </summary>
internal sealed class SqliteJournal : IDisposable
{
    private readonly object gate = new();
    private readonly ConcurrentQueue<JournalWrite> queue = new();
    private readonly ConcurrentQueue<IJob> jobs = new();
    private readonly SqliteStoreOptions options;
    private readonly Database database;
    private readonly BatchWriter writer;
    private readonly Checkpointer checkpointer;
    private readonly EventPruner pruner;
    private readonly StoreCounters counters;
    private readonly Action<Database, JournalWrite> onNewKey;
    private readonly ShardState[] shards;
    private readonly List<Pending> batch;
    private readonly Thread thread;
    private long lastEvent;
    private long lastRow;
    private int queued;
    private int sleeping;
    private volatile bool stopping;

    private readonly Lock clockGate = new();

    // Unix milliseconds. Event times never decrease over all shards, so that the order of events is the order of times; nor do they fall behind what was called settled.
    private long lastTime;
    private long settled;
    private bool unsettled;
    private bool hasGap;

    public SqliteJournal(
        Database database, string file, int shardCount, SqliteStoreOptions options, StoreCounters counters, Action<Database, JournalWrite> onNewKey)
    {
        this.database = database;
        this.options = options;
        this.counters = counters;
        this.onNewKey = onNewKey;
        writer = new BatchWriter(database);
        checkpointer = new Checkpointer(database, file, options);
        pruner = new EventPruner(database, options);
        shards = new ShardState[shardCount];
        batch = new List<Pending>(options.MaxBatch);
        Lengths = new PrefixLengths(database);
        NoteCommitted();
        thread = new Thread(Loop) { Name = "journal", IsBackground = true };
        thread.Start();
    }

    private interface IJob
    {
        void Run(Database database);

        void Fail(Exception reason);
    }

    /// <summary>The node under whose name shards are claimed.</summary>
    public string NodeId { get; set; } = "";

    public bool TryAppend(JournalWrite write)
    {
        if (stopping || Interlocked.Increment(ref queued) > options.QueueCapacity)
        {
            Interlocked.Decrement(ref queued);
            counters.CountRefused();
            return false;
        }

        queue.Enqueue(write);
        WakeIfAsleep();
        return true;
    }

    /// <summary>Runs <paramref name="work"/> on the writing connection, in a transaction of its own.</summary>
    public Task<T> RunAsync<T>(Func<Database, T> work)
    {
        var job = new Job<T>(work);
        jobs.Enqueue(job);
        WakeIfAsleep();
        if (stopping)
            FailJobs();
        return job.Task;
    }

    /// <summary>Number of the last committed event, from any thread.</summary>
    public long LastEvent => Volatile.Read(ref lastEvent);

    /// <summary>Number of the last committed binding row, from any thread.</summary>
    public long LastRow => Volatile.Read(ref lastRow);

    /// <summary>The first event that is kept, from any thread.</summary>
    public long FirstEvent => pruner.First;

    /// <summary>The lengths of prefixes that have been leased.</summary>
    public PrefixLengths Lengths { get; }

    /// <summary>Takes over what a claim found. Called within a job.</summary>
    public void Own(ShardGrant grant, long changedAt)
    {
        shards[grant.Shard] = new ShardState(grant.Epoch, grant.LastSequence, changedAt);
        lastTime = Math.Max(lastTime, changedAt);
    }

    /// <summary>See <see cref="IEventLog.SettledThrough"/>.</summary>
    public long SettledThrough()
    {
        lock (clockGate)
            return settled = Math.Max(settled, unsettled ? lastTime - 1 : Now() - 1);
    }

    public void Dispose()
    {
        stopping = true;
        lock (gate)
            Monitor.Pulse(gate);
        thread.Join();
        checkpointer.Dispose();
        database.Dispose();
    }

    private void NoteCommitted()
    {
        Volatile.Write(ref lastEvent, writer.LastEventId);
        Volatile.Write(ref lastRow, writer.LastRowId);
    }

    private long Now() => options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

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
                Sleep();
            else
                CommitAndTell();
        }

        FailJobs();
        while (TryCollect())
            FailBatch();
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
        batch.Clear();
        while (batch.Count < options.MaxBatch && queue.TryDequeue(out var write))
            batch.Add(new Pending(write, write.RowId == 0));
        Interlocked.Add(ref queued, -batch.Count);
        return batch.Count > 0;
    }

    private void CommitAndTell()
    {
        lock (clockGate)
        {
            lastTime = Math.Max(Math.Max(lastTime, settled + 1), Now());
            unsettled = true;
        }

        try
        {
            Commit();
        }
        catch (StoreException e)
        {
            Recover(e);
        }

        Tell();
        lock (clockGate)
            unsettled = false;
        options.AfterTell?.Invoke();
        checkpointer.AfterCommit();
    }

    private void Commit()
    {
        while (!TryCommitOnce())
        {
            // A fenced shard's writes are out of the batch now; the others' go in again.
            database.Execute("ROLLBACK");
        }
    }

    private bool TryCommitOnce()
    {
        database.Execute("BEGIN IMMEDIATE");
        foreach (ref var shard in shards.AsSpan())
            shard.Rewind();
        foreach (var pending in batch)
            Write(pending);
        if (!AdvanceShards())
            return false;
        pruner.Prune();
        database.Execute("COMMIT");
        var committed = 0;
        var conflicts = 0;
        foreach (var (write, isNew) in batch)
        {
            if (write.Outcome == JournalOutcome.Pending)
            {
                write.Outcome = JournalOutcome.Committed;
                committed++;
                Lengths.Note(write.Leases.Span);
                if (isNew && write.Row is not null)
                    onNewKey(database, write);
            }
            else if (write.Outcome == JournalOutcome.LeaseConflict)
            {
                conflicts++;
            }
        }

        foreach (ref var shard in shards.AsSpan())
            shard.Accept();
        NoteCommitted();
        counters.CountBatch(committed, conflicts);
        return true;
    }

    private void Write(Pending pending)
    {
        var write = pending.Write;
        ref var shard = ref shards[write.Shard];
        if (write.Outcome == JournalOutcome.Fenced || write.Epoch != shard.Epoch)
        {
            write.Outcome = JournalOutcome.Fenced;
            return;
        }

        if (!writer.TryWrite(write, shard.Next + 1, lastTime, pending.IsNew))
        {
            write.Outcome = JournalOutcome.LeaseConflict;
            return;
        }

        write.Outcome = JournalOutcome.Pending;
        write.Sequence = ++shard.Next;
        write.ChangedAt = shard.NextChangedAt = lastTime;
    }

    private bool AdvanceShards()
    {
        var all = true;
        for (var i = 0; i < shards.Length; i++)
        {
            ref var shard = ref shards[i];
            if (shard.Next == shard.LastSequence || writer.TryAdvance(i, NodeId, shard.Epoch, shard.LastSequence, shard.Next, shard.NextChangedAt))
                continue;
            shard.Epoch = -1;
            foreach (var (write, _) in batch)
            {
                if (write.Shard == i)
                    write.Outcome = JournalOutcome.Fenced;
            }

            all = false;
        }

        return all;
    }

    // After an error nothing of the batch may be told as committed. Whether a failed COMMIT took effect is read back, so that the sequence goes on from the truth.
    private void Recover(StoreException error)
    {
        options.Logger.BatchFailed(batch.Count, error.Message);
        hasGap = true;
        if (database.InTransaction)
            database.TryExecute("ROLLBACK");
        foreach (var (write, _) in batch)
            write.Outcome = JournalOutcome.Failed;
        counters.CountFailed(batch.Count);
        try
        {
            // What got stored after all must be found.
            NoteCommitted();
            foreach (var (write, isNew) in batch)
            {
                Lengths.Note(write.Leases.Span);
                if (isNew)
                    onNewKey(database, write);
            }

            using var read = database.PrepareOnce("SELECT shard_id, last_sequence, changed_at FROM shard");
            while (read.Step())
            {
                ref var shard = ref shards[read.Int64(0)];
                shard = new ShardState(shard.Epoch, read.Int64(1), read.Int64(2));
            }
        }
        catch (StoreException e)
        {
            options.Logger.RereadFailed(e.Message);
        }
    }

    private void Tell()
    {
        List<JournalWrite>? committed = options.EventStream?.HasSubscribers<JournalCommitted>() == true ? new(batch.Count) : null;
        var fenced = 0;
        foreach (var (write, _) in batch)
        {
            if (write.Outcome == JournalOutcome.Committed)
                committed?.Add(write);
            else if (write.Outcome == JournalOutcome.Fenced)
                fenced++;
            write.ReplyTo.Tell(write);
        }

        if (fenced > 0)
            counters.CountFenced(fenced);
        if (committed is not { Count: > 0 })
            return;
        options.EventStream!.Publish(new JournalCommitted(committed, hasGap));
        hasGap = false;
    }

    private void RunJob(IJob job)
    {
        try
        {
            database.Execute("BEGIN IMMEDIATE");
            job.Run(database);
            database.Execute("COMMIT");
        }
#pragma warning disable CA1031 // Whatever goes wrong in a job is its caller's to hear of; the journal's thread goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (database.InTransaction)
                database.TryExecute("ROLLBACK");
            job.Fail(e);
            return;
        }

        ((ICompletable)job).Complete();
    }

    private void FailBatch()
    {
        foreach (var (write, _) in batch)
            write.Outcome = JournalOutcome.Failed;
        counters.CountFailed(batch.Count);
        Tell();
    }

    private void FailJobs()
    {
        while (jobs.TryDequeue(out var job))
            job.Fail(new StoreException("the store is closing"));
    }

    private readonly record struct Pending(JournalWrite Write, bool IsNew);

    private interface ICompletable
    {
        void Complete();
    }

    private sealed class Job<T>(Func<Database, T> work) : IJob, ICompletable
    {
        private readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T result = default!;

        public Task<T> Task => done.Task;

        public void Run(Database database) => result = work(database);

        public void Complete() => done.TrySetResult(result);

        public void Fail(Exception reason) => done.TrySetException(reason);
    }

    private struct ShardState(long epoch, long lastSequence, long changedAt)
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
}

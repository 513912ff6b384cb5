using Lease.Kernel.Persistence;
using SQLitePCL;

namespace Lease.Storage.Sqlite;

/// <summary>The journal of a SQLite file.</summary>
internal sealed class SqliteJournal : JournalThread<Database>
{
    private readonly SqliteStoreOptions options;
    private readonly Database database;
    private readonly StoreFile file;
    private readonly StoreMark mark;
    private readonly Guid clusterId;
    private readonly BatchWriter writer;
    private readonly Checkpointer checkpointer;
    private readonly EventPruner pruner;
    private readonly KeyFilter keys;
    private readonly ShardState[] shards;
    private long lastEvent;
    private long lastRow;

    private readonly Lock clockGate = new();

    // Unix milliseconds. Event times never decrease over all shards, so that the order of events is the order of times; nor do they fall behind what was called settled.
    private long lastTime;
    private long settled;
    private bool unsettled;
    private bool hasGap;

    public SqliteJournal(
        Database database,
        StoreFile file,
        StoreMark mark,
        StoreMeta meta,
        SqliteStoreOptions options,
        StoreCounters counters,
        KeyFilter keys)
        : base(options, counters)
    {
        this.database = database;
        this.file = file;
        this.mark = mark;
        clusterId = meta.ClusterId;
        this.options = options;
        this.keys = keys;
        writer = new BatchWriter(database);
        checkpointer = new Checkpointer(database, file, options);
        pruner = new EventPruner(database, options);
        shards = new ShardState[meta.ShardCount];
        Lengths = new PrefixLengths(database);
        NoteCommitted();
        Start();
    }

    /// <summary>The node under whose name shards are claimed.</summary>
    public string NodeId { get; set; } = "";

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

    protected override Database Begin()
    {
        file.CheckLog();
        database.Execute("BEGIN IMMEDIATE");
        return database;
    }

    protected override void End()
    {
        database.Execute("COMMIT");
        file.Check();
    }

    protected override void Undo()
    {
        if (database.InTransaction)
            database.TryExecute("ROLLBACK");
    }

    protected override void Close()
    {
        checkpointer.Dispose();
        if (!TryEmptyLog())
            database.KeepLog();
        database.Dispose();
        file.Dispose();
    }

    protected override bool TryCommit()
    {
        lock (clockGate)
        {
            lastTime = Math.Max(Math.Max(lastTime, settled + 1), Now());
            unsettled = true;
        }

        try
        {
            while (!TryCommitOnce())
            {
                // A fenced shard's writes are out of the batch now; the others' go in again.
                database.Execute("ROLLBACK");
            }
        }
        catch (StoreException e) when (e.IsOfContent && Batch.Count > 1)
        {
            Undo();
            return false;
        }
        catch (StoreException e)
        {
            Recover(e);
        }

        return true;
    }

    protected override void OnTold()
    {
        Publish();
        lock (clockGate)
            unsettled = false;
    }

    protected override void AfterBatch() => checkpointer.AfterCommit();

    private void NoteCommitted()
    {
        Volatile.Write(ref lastEvent, writer.LastEventId);
        Volatile.Write(ref lastRow, writer.LastRowId);
    }

    private long Now() => options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    // The mark says that the store is closed when nothing is in the log any more, and before the log is gone. What is lost stays as it
    // is, for who looks into it.
    private bool TryEmptyLog()
    {
        try
        {
            file.Check();
            var (frames, moved) = database.Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE);
            if (frames < 0 || moved < frames)
                return false;
            mark.Write(clusterId, isOpen: false);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    private bool TryCommitOnce()
    {
        file.CheckLog();
        database.Execute("BEGIN IMMEDIATE");
        foreach (ref var shard in shards.AsSpan())
            shard.Rewind();
        foreach (var pending in Batch)
            Write(pending);
        if (!AdvanceShards())
            return false;
        pruner.Prune();
        database.Execute("COMMIT");
        file.Check();
        var committed = 0;
        var conflicts = 0;
        foreach (var (write, isNew) in Batch)
        {
            if (write.Outcome == JournalOutcome.Pending)
            {
                write.Outcome = JournalOutcome.Committed;
                committed++;
                Lengths.Note(write.Leases.Span);
                // Before anybody is told of it: no reader can miss a key that it may know of.
                if (isNew && write.Row is not null)
                    keys.Add(write.Key.Hash);
            }
            else if (write.Outcome == JournalOutcome.LeaseConflict)
            {
                conflicts++;
            }
        }

        foreach (ref var shard in shards.AsSpan())
            shard.Accept();
        NoteCommitted();
        Counters.CountBatch(committed, conflicts);
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
            foreach (var (write, _) in Batch)
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
        if (error.IsOfContent)
            options.Logger.WriteFailed(Batch[0].Write.Key, error.Message);
        else if (!file.IsLost)
            options.Logger.BatchFailed(Batch.Count, error.Message);
        hasGap = true;
        Undo();
        foreach (var (write, _) in Batch)
            write.Outcome = JournalOutcome.Failed;
        Counters.CountFailed(Batch.Count);
        if (file.IsLost)
            return;
        try
        {
            // What got stored after all must be found.
            NoteCommitted();
            foreach (var (write, isNew) in Batch)
            {
                Lengths.Note(write.Leases.Span);
                if (isNew)
                    keys.Add(write.Key.Hash);
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

    private void Publish()
    {
        if (options.Committed is not { IsFollowed: true } followed)
            return;
        var committed = new List<JournalWrite>(Batch.Count);
        foreach (var (write, _) in Batch)
        {
            if (write.Outcome == JournalOutcome.Committed)
                committed.Add(write);
        }

        if (committed.Count == 0)
            return;
        followed.Publish(new JournalCommitted(committed, hasGap));
        hasGap = false;
    }
}

using System.Diagnostics;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Storage.Postgres;

/// <summary>
/// The journal on PostgreSQL: one call of <c>commit_batch</c> a batch. A call whose outcome is unknown may take effect later, or have done so: its shards are not written to again until they
/// have been claimed anew, with an epoch that fences it.
/// </summary>
internal sealed class PostgresJournal : JournalThread<Connection>
{
    // As the sequence binding_id is made.
    private const long HandleBlock = 1024;
    private const long Lost = -1;
    private const string UniqueViolation = "23505";

    private readonly PostgresStoreOptions options;
    private readonly KnownKeys keys;
    private readonly BatchWriter writer = new();
    private readonly ShardState[] shards;
    private readonly HashSet<LeaseKey> leasesOfBatch = [];
    private readonly HashSet<EntityKey> keysOfBatch = [];
    private Connection? connection;
    private long nextHandle;
    private long lastHandle = -1;
    private bool believesHints;
    private long toldTime;
    private long toldAt;

    public PostgresJournal(PostgresStoreOptions options, int shardCount, StoreCounters counters, KnownKeys keys)
        : base(options, counters)
    {
        this.options = options;
        this.keys = keys;
        shards = new ShardState[shardCount];
        Array.Fill(shards, new ShardState(Lost, 0, 0));
        Start();
    }

    /// <summary>The node under whose name shards are claimed.</summary>
    public string NodeId { get; set; } = "";

    // The cluster's time as this node has it, carried on by the monotonic clock, Unix milliseconds; 0: it has none yet.
    private long ClusterTime => toldTime == 0 ? 0 : toldTime + (long)Stopwatch.GetElapsedTime(toldAt).TotalMilliseconds;

    /// <summary>Takes over what time it is for the node, see <see cref="IShardStore.BeatAsync"/>. Called within a job.</summary>
    public void Note(long time) => (toldTime, toldAt) = (time, Stopwatch.GetTimestamp());

    /// <summary>Takes over what a claim found. Called within a job.</summary>
    public void Own(ShardGrant grant)
    {
        shards[grant.Shard] = new ShardState(grant.Epoch, grant.LastSequence, 0);
        keys.Own(grant.Shard);
    }

    /// <summary>Gives up what is released, unless it has been claimed anew. Called within a job.</summary>
    public void Disown(ShardGrant grant)
    {
        if (shards[grant.Shard].Epoch == grant.Epoch)
            Lose(grant.Shard);
    }

    protected override Connection Begin()
    {
        var open = Connect();
        open.Begin();
        return open;
    }

    protected override void End() => connection!.Commit();

    protected override void Undo() => connection?.Rollback();

    protected override void Close() => connection?.Dispose();

    // What two writes of one batch may not both do: the order of a batch's rows is the database's.
    protected override bool MayJoin(JournalWrite write)
    {
        if (Batch.Count == 0)
        {
            leasesOfBatch.Clear();
            keysOfBatch.Clear();
        }

        if (keysOfBatch.Contains(write.Key))
            return false;
        foreach (var lease in write.Leases.Span)
        {
            if (leasesOfBatch.Contains(lease.Key))
                return false;
        }

        keysOfBatch.Add(write.Key);
        foreach (var lease in write.Leases.Span)
            leasesOfBatch.Add(lease.Key);
        return true;
    }

    protected override bool TryCommit()
    {
        foreach (var (write, _) in Batch)
            write.Outcome = JournalOutcome.Pending;
        believesHints = true;
        var isSent = false;
        try
        {
            var open = Connect();
            GiveHandles(open);
            isSent = true;
            while (!TryCommitOnce(open))
            {
                // What is fenced or in conflict is out of the batch now, and what was wrongly believed to be new is not any more; the others go in again.
            }
        }
        catch (StoreException e) when (isSent && connection is { IsBroken: true } && e.SqlState.Length == 0)
        {
            Abandon(e);
        }
        catch (StoreException e) when (e.IsOfContent)
        {
            if (Batch.Count > 1)
                return false;
            options.Logger.WriteFailed(Batch[0].Write.Key, e.Message);
            Decide(JournalOutcome.Failed);
        }
        catch (StoreException e)
        {
            options.Logger.BatchFailed(Batch.Count, e.Message);
            Decide(JournalOutcome.Failed);
        }

        return true;
    }

    private Connection Connect()
    {
        if (connection is { IsBroken: false })
            return connection;
        connection?.Dispose();
        connection = null;
        connection = Connection.Open(options, "journal");
        options.Logger.Connected(connection.Server, "journal");
        return connection;
    }

    private void GiveHandles(Connection open)
    {
        foreach (var (write, isNew) in Batch)
        {
            if (!isNew)
                continue;
            if (nextHandle > lastHandle)
            {
                using var block = open.Query("SELECT nextval('binding_id')");
                nextHandle = block.Int64(0, 0);
                lastHandle = nextHandle + HandleBlock - 1;
            }

            write.RowId = nextHandle++;
            keys.Add(write.Key);
        }
    }

    private bool TryCommitOnce(Connection open)
    {
        Gather();
        try
        {
            if (Batch.Exists(static p => p.Write.Outcome == JournalOutcome.Pending))
                Accept(writer.Commit(open, NodeId, ClusterTime));
            return true;
        }
        catch (StoreException e) when (e.SqlState == "LS001")
        {
            foreach (var shard in BatchWriter.FencedShards(e))
                Lose(shard);
        }
        catch (StoreException e) when (e.SqlState == "LS002")
        {
            foreach (var (write, lease) in writer.Conflicts(e))
            {
                write.Outcome = JournalOutcome.LeaseConflict;
                write.Conflict = lease;
            }
        }

        catch (StoreException e) when (e.SqlState == UniqueViolation && writer.HasNewClaims)
        {
            believesHints = false;
        }

        return false;
    }

    private void Gather()
    {
        writer.Clear();
        foreach (ref var shard in shards.AsSpan())
            shard.Rewind();
        foreach (var (write, isNew) in Batch)
        {
            ref var shard = ref shards[write.Shard];
            if (write.Epoch != shard.Epoch)
                write.Outcome = JournalOutcome.Fenced;
            if (write.Outcome != JournalOutcome.Pending)
                continue;
            write.Sequence = ++shard.Next;
            writer.Add(write, isNew, believesHints);
        }

        for (var i = 0; i < shards.Length; i++)
        {
            if (shards[i].Next != shards[i].LastSequence)
                writer.Add(i, shards[i]);
        }
    }

    private void Accept(long at)
    {
        foreach (ref var shard in shards.AsSpan())
            shard.Accept();
        var committed = 0;
        var conflicts = 0;
        foreach (var (write, _) in Batch)
        {
            write.ChangedAt = at;
            if (write.Outcome == JournalOutcome.LeaseConflict)
                conflicts++;
            else if (write.Outcome == JournalOutcome.Pending)
                committed++;
        }

        Decide(JournalOutcome.Committed);
        Counters.CountBatch(committed, conflicts);
    }

    private void Lose(int shard)
    {
        shards[shard].Epoch = Lost;
        keys.Disown(shard);
    }

    private void Abandon(StoreException error)
    {
        var lost = 0;
        foreach (var (write, _) in Batch)
        {
            ref var shard = ref shards[write.Shard];
            if (write.Outcome != JournalOutcome.Pending || shard.Epoch == Lost)
                continue;
            Lose(write.Shard);
            lost++;
        }

        options.Logger.OutcomeUnknown(Batch.Count, lost, error.Message);
        Decide(JournalOutcome.Fenced);
    }

    private void Decide(JournalOutcome outcome)
    {
        var decided = 0;
        foreach (var (write, isNew) in Batch)
        {
            if (isNew && (outcome != JournalOutcome.Committed || write.Outcome != JournalOutcome.Pending))
                write.RowId = 0;
            if (write.Outcome != JournalOutcome.Pending)
                continue;
            write.Outcome = outcome;
            decided++;
        }

        if (outcome == JournalOutcome.Failed)
            Counters.CountFailed(decided);
    }
}

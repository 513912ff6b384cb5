using System.Globalization;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Storage.Sqlite;

/// <summary>The embedded store: one SQLite file, written by one thread, WAL with <c>synchronous=FULL</c>.</summary>
public sealed class SqliteLeaseStore : ILeaseStore
{
    private readonly SqliteJournal journal;
    private readonly SliceRequests<Database> slices;
    private readonly BindingReader reader;
    private readonly TableQueries queries;
    private readonly EventLogReader events;
    private readonly StoreLock storeLock;
    private readonly StoreFile file;
    private readonly LeaseClock clock;
    private readonly TimeProvider time;
    private readonly KeyFilter filter;

    private SqliteLeaseStore(SqliteStoreOptions options, StoreLock storeLock, OpenedStore opened)
    {
        this.storeLock = storeLock;
        var database = opened.Database;
        file = opened.File;
        Meta = opened.Meta;
        var leaseTime = options.Time ?? new ClusterTime(options.TimeProvider);
        clock = new LeaseClock(options.TimeProvider, leaseTime, options.Logger);
        clock.Begin(database, options.MaxClockGap);
        time = leaseTime;
        options = options with { TimeProvider = leaseTime };
        filter = ReadFilter(database);
        var active = database.Scalar("SELECT count(*) FROM lease WHERE state = 1");
        RecoveryReport = string.Create(
            CultureInfo.InvariantCulture,
            $"{filter.Count} bindings, {active} active leases, {Meta.ShardCount} shards; {opened.Recovered}");
        options.Logger.Opened(opened.Folder.Database, RecoveryReport);
        journal = new SqliteJournal(database, file, opened.Folder.Mark, Meta, options, Counters, filter);
        slices = new SliceRequests<Database>(journal, (connection, pool, requests)
            => SliceTable.Take(connection, journal.Lengths, pool, requests));
        reader = new BindingReader(file);
        queries = new TableQueries(file, journal.Lengths);
        events = new EventLogReader(file, journal, options);
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public StoreMeta Meta { get; }

    /// <inheritdoc/>
    public string RecoveryReport { get; }

    /// <inheritdoc/>
    public StoreCounters Counters { get; } = new();

    /// <inheritdoc/>
    public Task Lost => file.Lost;

    /// <summary>Opens the store, making it when none was ever made in its folder.</summary>
    /// <exception cref="StoreException">It is held by another process, lost, damaged, too new, or the system refuses it.</exception>
    public static SqliteLeaseStore Open(SqliteStoreOptions options)
    {
        var folder = StoreFolder.Make(options.Directory);
        var storeLock = StoreLock.Take(options.Directory);
        OpenedStore? opened = null;
        try
        {
            if (options.BeginsNew)
                OpenedStore.MakeRoom(folder, options);
            opened = OpenedStore.Open(folder, options);
            return new SqliteLeaseStore(options, storeLock, opened);
        }
        catch (StoreException)
        {
            opened?.Dispose();
            storeLock.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryAppend(JournalWrite write) => journal.TryAppend(write);

    /// <inheritdoc/>
    public void Load(EntityKey key, IActorRef replyTo)
    {
        if (!filter.MayContain(key.Hash))
        {
            Counters.CountSparedLoad();
            replyTo.Tell(new BindingLoaded(key, 0, Payload: null, 0));
            return;
        }

        try
        {
            Counters.CountLoads(1);
            replyTo.Tell(reader.Load(key));
        }
        catch (StoreException e)
        {
            replyTo.Tell(new BindingLoadFailed(key, e.Message));
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<EntityKey>> FindDueAsync(IReadOnlyList<int> shards, long now, int limit, CancellationToken cancellation)
        => Task.FromResult(reader.FindDue(shards, now, limit));

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredBinding> ReadBindingsAsync(CancellationToken cancellation) => reader.ReadBindingsAsync(cancellation);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredLease> ReadLeasesAsync(CancellationToken cancellation) => reader.ReadLeasesAsync(cancellation);

    /// <inheritdoc/>
    public Task<long> JoinAsync(string nodeId, string address, string fingerprint, CancellationToken cancellation)
        => journal.RunAsync(database => ShardTable.Join(database, journal, nodeId, address, fingerprint, Now));

    /// <inheritdoc/>
    public Task<ClusterView> BeatAsync(string nodeId, long incarnation, NodeState state, long time, CancellationToken cancellation)
        => journal.RunAsync(database => ShardTable.View(database, nodeId, incarnation, state, clock.Follow(database)));

    /// <inheritdoc/>
    public Task<IReadOnlyList<ShardGrant>> ClaimAsync(string nodeId, IReadOnlyList<ShardOwnership> seen, CancellationToken cancellation)
        => journal.RunAsync(database => ShardTable.Claim(database, journal, nodeId, seen));

    /// <inheritdoc/>
    public Task ReleaseAsync(string nodeId, IReadOnlyList<ShardGrant> grants, CancellationToken cancellation)
        => journal.RunAsync(database => ShardTable.Release(database, nodeId, grants));

    /// <inheritdoc/>
    public Task LeaveAsync(string nodeId, long incarnation, CancellationToken cancellation)
        => journal.RunAsync(database => ShardTable.Leave(database, nodeId, incarnation, Now));

    /// <inheritdoc/>
    public IDisposable Watch(Action changed) => ShardTable.NobodyElse;

    /// <inheritdoc/>
    public Task<IReadOnlyList<Slice>> LoadSlicesAsync(int shard, IReadOnlyList<PoolRange> pools, CancellationToken cancellation)
        => journal.RunAsync(database => SliceTable.Load(database, journal.Lengths, shard, pools));

    /// <inheritdoc/>
    public Task<IReadOnlyList<Slice>> TakeSlicesAsync(PoolRange pool, int shard, int atMost, CancellationToken cancellation)
        => slices.TakeAsync(pool, shard, atMost);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LeaseKey>> FindFreeUnitsAsync(PoolRange pool, int shard, int limit, CancellationToken cancellation)
        => journal.RunAsync(database => SliceTable.FindFreeUnits(database, journal.Lengths, pool, shard, limit));

    /// <inheritdoc/>
    public Task<bool> IsFreeAsync(LeaseKey key, CancellationToken cancellation)
        => journal.RunAsync(database => SliceTable.IsFree(database, journal.Lengths, key));

    /// <inheritdoc/>
    public Task<byte[]> GetOrAddServerDuidAsync(byte[] duid, CancellationToken cancellation) => journal.RunAsync(database =>
    {
        using var add = database.PrepareOnce("INSERT OR IGNORE INTO meta (key, value) VALUES ('server-duid', ?1)");
        add.Bind(1, duid.AsSpan()).Run();
        using var read = database.PrepareOnce("SELECT value FROM meta WHERE key = 'server-duid'");
        return read.Step() ? read.Blob(0).ToArray() : throw new StoreException("the server DUID could not be stored");
    });

    /// <inheritdoc/>
    public long NewestRow => journal.LastRow;

    /// <inheritdoc/>
    public WalkResult Walk<TVisitor>(BindingSelection selection, WalkPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
        => queries.Walk(selection, after, limit, ref visitor);

    /// <inheritdoc/>
    public bool IsHeldByAnother(LeaseKey lease, long rowId) => queries.IsHeldByAnother(lease, rowId);

    /// <inheritdoc/>
    public long SettledThrough => journal.SettledThrough();

    /// <inheritdoc/>
    public StreamPosition End => events.End;

    /// <inheritdoc/>
    public StreamPosition? FindStart(long since) => events.FindStart(since);

    /// <inheritdoc/>
    public ReplayResult Replay<TVisitor>(StreamPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
        => events.Replay(after, limit, ref visitor);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        // The connection that writes is closed last: only then does SQLite move the log into the file and remove it.
        reader.Dispose();
        queries.Dispose();
        events.Dispose();
        journal.Dispose();
        storeLock.Dispose();
        return ValueTask.CompletedTask;
    }

    private static KeyFilter ReadFilter(Database database)
    {
        var filter = new KeyFilter(Math.Max(1_000_000, 2 * database.Scalar("SELECT count(*) FROM binding")));
        using var keys = database.PrepareOnce("SELECT binding_key FROM binding INDEXED BY binding_by_key");
        while (keys.Step())
            filter.Add(EntityKey.HashOf(keys.Blob(0)));
        return filter;
    }
}

using System.Globalization;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Microsoft.Extensions.Logging;

namespace Lease.Storage.Postgres;

/// <summary>
/// The store of a cluster: a PostgreSQL database, 15 or later, that all nodes share. One connection writes, one follows the events, one loads rows for actors, and queries take as many as are in
/// use. A lost connection is made anew when it is wanted; nothing is told as committed that PostgreSQL has not said to be.
/// </summary>
public sealed class PostgresLeaseStore : ILeaseStore
{
    private readonly KnownKeys keys;
    private readonly PostgresJournal journal;
    private readonly ShardTable shards;
    private readonly SliceRequests<Connection> slices;
    private readonly ReadConnections connections;
    private readonly BindingLoader loader;
    private readonly BindingReader reader;
    private readonly TableQueries queries;
    private readonly EventTail tail;
    private readonly EventLogReader events;

    private PostgresLeaseStore(PostgresStoreOptions options, StoreMeta meta, string report)
    {
        Meta = meta;
        RecoveryReport = report;
        connections = new ReadConnections(options);
        reader = new BindingReader(connections);
        queries = new TableQueries(connections);
        tail = new EventTail(options);
        events = new EventLogReader(connections, tail, options.EventMaxAge);
        loader = new BindingLoader(options, Counters);
        keys = new KnownKeys(connections, meta.ShardCount);
        journal = new PostgresJournal(options, meta.ShardCount, Counters, keys);
        shards = new ShardTable(journal);
        slices = new SliceRequests<Connection>(journal, SliceTable.Take);
    }

    /// <inheritdoc/>
    public StoreMeta Meta { get; }

    /// <inheritdoc/>
    public string RecoveryReport { get; }

    /// <inheritdoc/>
    public StoreCounters Counters { get; } = new();

    /// <inheritdoc/>
    /// <remarks>A database that is another one may be the right one again with the next connection: until then it is as one that cannot
    /// be reached.</remarks>
    public Task Lost { get; } = new TaskCompletionSource().Task;

    /// <inheritdoc/>
    public long NewestRow => queries.NewestRow;

    /// <inheritdoc/>
    public long SettledThrough => tail.Settled;

    /// <inheritdoc/>
    public StreamPosition End => events.End;

    /// <summary>Opens the store, making the tables when they are not there.</summary>
    /// <exception cref="StoreException">The server cannot be reached, refuses, or holds newer tables.</exception>
    public static PostgresLeaseStore Open(PostgresStoreOptions options)
    {
        StoreMeta meta;
        string report;
        using (var connection = Connection.Open(options, "start"))
        {
            Schema.Migrate(connection, options.ShardCount, options.Logger);
            meta = new StoreMeta(
                Schema.Version,
                Guid.Parse(Schema.Meta(connection, "cluster-id")!),
                int.Parse(Schema.Meta(connection, "shard-count")!, CultureInfo.InvariantCulture));

            // A count would read the whole table.
            using var size = connection.Query("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'binding'::regclass");
            report = string.Create(CultureInfo.InvariantCulture, $"cluster {meta.ClusterId}, about {size.Int64(0, 0)} bindings, {meta.ShardCount} shards");
            options.Logger.Opened(connection.Server, report);
            if (options.Rehearses)
                Rehearse(connection, options.Logger);
        }

        var store = new PostgresLeaseStore(options with { ClusterId = meta.ClusterId }, meta, report);
        try
        {
            store.tail.Start();
            return store;
        }
        catch (StoreException)
        {
            store.Close();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryAppend(JournalWrite write) => journal.TryAppend(write);

    /// <inheritdoc/>
    public void Load(EntityKey key, IActorRef replyTo)
    {
        if (keys.MayHaveRow(key))
        {
            loader.Load(key, replyTo);
            return;
        }

        Counters.CountSparedLoad();
        replyTo.Tell(new BindingLoaded(key, 0, Payload: null, 0));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<EntityKey>> FindDueAsync(IReadOnlyList<int> shards, long now, int limit, CancellationToken cancellation)
        => Task.Run(() => reader.FindDue(shards, now, limit), cancellation);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredBinding> ReadBindingsAsync(CancellationToken cancellation) => reader.ReadBindingsAsync(cancellation);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredLease> ReadLeasesAsync(CancellationToken cancellation) => reader.ReadLeasesAsync(cancellation);

    /// <inheritdoc/>
    public IDisposable Watch(Action changed) => tail.Watch(changed);

    /// <inheritdoc/>
    public Task<long> JoinAsync(string nodeId, string address, string fingerprint, CancellationToken cancellation)
        => journal.RunAsync(connection => shards.Join(connection, nodeId, address, fingerprint));

    /// <inheritdoc/>
    public Task<ClusterView> BeatAsync(string nodeId, long incarnation, NodeState state, long time, CancellationToken cancellation)
        => journal.RunAsync(connection => shards.Beat(connection, nodeId, incarnation, state, time));

    /// <inheritdoc/>
    public Task<IReadOnlyList<ShardGrant>> ClaimAsync(string nodeId, IReadOnlyList<ShardOwnership> seen, CancellationToken cancellation)
        => journal.RunAsync(connection => shards.Claim(connection, nodeId, seen));

    /// <inheritdoc/>
    public Task ReleaseAsync(string nodeId, IReadOnlyList<ShardGrant> grants, CancellationToken cancellation)
        => journal.RunAsync(connection => shards.Release(connection, nodeId, grants));

    /// <inheritdoc/>
    public Task LeaveAsync(string nodeId, long incarnation, CancellationToken cancellation)
        => journal.RunAsync(connection => ShardTable.Leave(connection, nodeId, incarnation));

    /// <inheritdoc/>
    public Task<IReadOnlyList<Slice>> LoadSlicesAsync(int shard, IReadOnlyList<PoolRange> pools, CancellationToken cancellation)
        => Read((shard, pools), static (connection, query) => SliceTable.Load(connection, query.shard, query.pools), cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Slice>> TakeSlicesAsync(PoolRange pool, int shard, int atMost, CancellationToken cancellation)
        => slices.TakeAsync(pool, shard, atMost);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LeaseKey>> FindFreeUnitsAsync(PoolRange pool, int shard, int limit, CancellationToken cancellation)
        => Read((pool, shard, limit), static (connection, query) => SliceTable.FindFreeUnits(connection, query.pool, query.shard, query.limit), cancellation);

    /// <inheritdoc/>
    public Task<bool> IsFreeAsync(LeaseKey key, CancellationToken cancellation) => Read(key, SliceTable.IsFree, cancellation);

    /// <inheritdoc/>
    public Task<byte[]> GetOrAddServerDuidAsync(byte[] duid, CancellationToken cancellation) => journal.RunAsync(connection =>
    {
        connection.Parameters.Add(Convert.ToHexStringLower(duid));
        connection.Run("INSERT INTO meta (key, value) VALUES ('server-duid', $1) ON CONFLICT DO NOTHING");
        return Convert.FromHexString(Schema.Meta(connection, "server-duid")!);
    });

    /// <inheritdoc/>
    public WalkResult Walk<TVisitor>(BindingSelection selection, WalkPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
        => queries.Walk(selection, after, limit, ref visitor);

    /// <inheritdoc/>
    public bool IsHeldByAnother(LeaseKey lease, long rowId) => queries.IsHeldByAnother(lease, rowId);

    /// <inheritdoc/>
    public StreamPosition? FindStart(long since) => events.FindStart(since);

    /// <inheritdoc/>
    public ReplayResult Replay<TVisitor>(StreamPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
        => events.Replay(after, limit, ref visitor);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    // Whether it can is not what decides if the node can serve: if the server is gone, whoever needs it says so.
    private static void Rehearse(Connection connection, ILogger logger)
    {
        try
        {
            StatementRehearsal.Run(connection);
        }
        catch (StoreException e)
        {
            logger.StatementsNotRehearsed(e.Message);
        }
    }

    private void Close()
    {
        tail.Dispose();
        loader.Dispose();
        connections.Dispose();
        journal.Dispose();
        keys.Dispose();
    }

    // PostgreSQL answers on the caller's thread: not on an actor's.
    private Task<TResult> Read<TArgument, TResult>(TArgument argument, Func<Connection, TArgument, TResult> read, CancellationToken cancellation)
        => Task.Run(() => connections.Use(argument, read), cancellation);
}

using System.Collections.Concurrent;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Storage.Sqlite;
using Microsoft.Extensions.Logging;

namespace Lease.Storage.Tests;

/// <summary>A SQLite store in a temporary folder, with its log, a clock that the test sets and one client after the other.</summary>
internal sealed class FileStoreKit : IAsyncDisposable
{
    private const int Shards = 4;

    private readonly EventLog log = new();
    private readonly long[] epochs = new long[Shards];
    private long incarnation;

    public FileStoreKit()
    {
        Clock = new SteppedTime(Time);
        Folder = Directory.CreateTempSubdirectory("lease-file-").FullName;
    }

    public string Folder { get; set; }

    public string Database => Path.Combine(Folder, "lease.db");

    public string Mark => Path.Combine(Folder, "lease.id");

    /// <summary>The right time.</summary>
    public VirtualTime Time { get; } = new();

    /// <summary>What the machine shows.</summary>
    public SteppedTime Clock { get; }

    /// <summary>The time by which leases go.</summary>
    public ClusterTime Leases { get; private set; } = null!;

    public SqliteLeaseStore Store { get; private set; } = null!;

    /// <summary>The log's lines with one of these numbers.</summary>
    public IReadOnlyList<string> Log(params int[] numbers) => log.Of(numbers);

    public async Task OpenAsync(Func<SqliteStoreOptions, SqliteStoreOptions>? change = null)
    {
        Leases = new ClusterTime(Clock);
        var options = new SqliteStoreOptions { Directory = Folder, ShardCount = Shards, TimeProvider = Clock, Time = Leases, Logger = log };
        Store = SqliteLeaseStore.Open(change is null ? options : change(options));
        incarnation = await Store.JoinAsync("node-1", "", "", CancellationToken.None);
        var view = await BeatAsync();
        foreach (var grant in await Store.ClaimAsync("node-1", view.Shards, CancellationToken.None))
            epochs[grant.Shard] = grant.Epoch;
    }

    public async Task CloseAsync()
    {
        await Store.LeaveAsync("node-1", incarnation, CancellationToken.None);
        await Store.DisposeAsync();
    }

    public Task<ClusterView> BeatAsync() => Store.BeatAsync("node-1", incarnation, NodeState.Up, 0, CancellationToken.None);

    /// <summary>Has a new client's lease committed.</summary>
    public async Task<JournalWrite> WriteAsync(int number)
    {
        var key = new EntityKey(BitConverter.GetBytes(number));
        var answer = new Answer<JournalWrite>();
        Store.TryAppend(new JournalWrite
        {
            Shard = key.ShardOf(Shards),
            Epoch = epochs[key.ShardOf(Shards)],
            Key = key,
            RowId = 0,
            Event = new byte[40],
            Row = new BindingRow { Payload = new byte[300], Link = "town", ExpiresAt = long.MaxValue },
            Leases = new[] { new LeaseChange(new LeaseKey((UInt128)(uint)number, 128), LeaseState.Active) },
            ReplyTo = answer,
        }).ShouldBeTrue();
        return await answer.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async Task WriteManyAsync(int count)
    {
        foreach (var write in await Task.WhenAll(Enumerable.Range(0, count).Select(WriteAsync)))
            write.Outcome.ShouldBe(JournalOutcome.Committed);
    }

    /// <summary>Reads what is stored for a client; null: it could not be read.</summary>
    public async Task<BindingLoaded?> LoadAsync(int number)
    {
        var answer = new Answer<object>();
        Store.Load(new EntityKey(BitConverter.GetBytes(number)), answer);
        return await answer.Task.WaitAsync(TimeSpan.FromSeconds(20)) as BindingLoaded;
    }

    public async ValueTask DisposeAsync()
    {
        if (Store is not null)
            await Store.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private sealed class Answer<T> : IActorRef
    {
        private readonly TaskCompletionSource<T> told = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Task => told.Task;

        public string Path => "/test";

        public void Tell(object message, IActorRef? sender = null) => told.SetResult((T)message);
    }

    private sealed class EventLog : ILogger
    {
        private readonly ConcurrentQueue<(int Number, string Line)> lines = new();

        public IReadOnlyList<string> Of(params int[] numbers)
            => [.. lines.Where(l => numbers.Contains(l.Number)).Select(static l => l.Line)];

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => lines.Enqueue((eventId.Id, formatter(state, exception)));
    }
}

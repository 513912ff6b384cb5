using System.Diagnostics;
using System.Numerics;
using Lease.Kernel.Sharding;

namespace Lease.Storage.Postgres;

/// <summary>
/// Which clients of this node's shards may have a row: one that has none costs no read. What a shard has is known when its rows have been gone over since it was claimed; until then every client
/// may have one. While the claim holds nobody else writes a row of the shard, and when it holds no more, the fence keeps out what was decided from this.
/// </summary>
internal sealed class KnownKeys : IDisposable
{
    private const int FirstCapacity = 4096;
    private const int Page = 4096;

    // Claims come several at a time, when nodes have just come or gone.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly ReadConnections connections;
    private readonly ShardKeys?[] shards;
    private readonly SemaphoreSlim claimed = new(0);
    private readonly CancellationTokenSource closing = new();
    private readonly Task filling;

    public KnownKeys(ReadConnections connections, int shardCount)
    {
        this.connections = connections;
        shards = new ShardKeys?[shardCount];
        filling = Task.Run(FillAsync);
    }

    /// <summary>False: the client has no row.</summary>
    public bool MayHaveRow(EntityKey key) => Volatile.Read(ref shards[key.ShardOf(shards.Length)]) is not { IsComplete: true } known || known.MayContain(HashOf(key.Hash));

    /// <summary>The shard has been claimed: its row is locked, or the claim committed, so that nobody else's batch is under way.</summary>
    public void Own(int shard)
    {
        Volatile.Write(ref shards[shard], new ShardKeys());
        if (claimed.CurrentCount == 0)
            claimed.Release();
    }

    /// <summary>The shard is, or may be, another node's.</summary>
    public void Disown(int shard) => Volatile.Write(ref shards[shard], null);

    /// <summary>A row is about to be written for the first time.</summary>
    public void Add(EntityKey key) => Volatile.Read(ref shards[key.ShardOf(shards.Length)])?.Add(HashOf(key.Hash));

    public void Dispose()
    {
        if (filling.IsCompleted)
            return;
        closing.Cancel();
        Task.WaitAny(filling);
        closing.Dispose();
        claimed.Dispose();
    }

    // Keys of one shard have the low bits of their hashes in common.
    private static ulong HashOf(ulong hash) => BitOperations.RotateLeft(hash, 21);

    private async Task FillAsync()
    {
        try
        {
            while (true)
            {
                await claimed.WaitAsync(closing.Token).ConfigureAwait(false);
                await Task.Delay(Settling, closing.Token).ConfigureAwait(false);
                await FillAsync(closing.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The store is closing.
        }
    }

    // Takes half of a connection's time at most: where nodes have just failed the database has enough to do.
    private async Task FillAsync(CancellationToken cancellation)
    {
        var lacking = Array.ConvertAll(shards, static s => s is { IsComplete: false } ? s : null);
        long? after = Array.Exists(lacking, static s => s is not null) ? 0 : null;
        while (after is { } id)
        {
            var began = Stopwatch.GetTimestamp();
            var pause = RetryAfter;
            try
            {
                after = connections.Use((lacking, id), static (connection, page) => Fill(connection, page.lacking, page.id));
                pause = Stopwatch.GetElapsedTime(began);
            }
            catch (StoreException)
            {
                // Whoever needs an answer at once says what is wrong.
            }

            await Task.Delay(pause, cancellation).ConfigureAwait(false);
        }

        foreach (var shard in lacking)
            shard?.Complete();
    }

    // The last row's id; null when there are no more.
    private static long? Fill(Connection connection, ShardKeys?[] lacking, long after)
    {
        connection.Parameters.Add(after).BeginInt64Array();
        for (var shard = 0; shard < lacking.Length; shard++)
        {
            if (lacking[shard] is not null)
                connection.Parameters.Append(shard);
        }

        connection.Parameters.Add(Page);
        using var rows = connection.Query("SELECT id, shard_id, binding_key FROM binding WHERE id > $1 AND shard_id = ANY ($2) ORDER BY id LIMIT $3");
        for (var row = 0; row < rows.Rows; row++)
            lacking[rows.Int64(row, 1)]!.Add(HashOf(EntityKey.HashOf(rows.Blob(row, 2))));
        return rows.Rows < Page ? null : rows.Int64(rows.Rows - 1, 0);
    }

    // Written by the journal's thread and by the one that reads the rows.
    private sealed class ShardKeys
    {
        private readonly KeyFilter filter = new(FirstCapacity);
        private volatile bool isComplete;

        public bool IsComplete => isComplete;

        public void Complete() => isComplete = true;

        public bool MayContain(ulong hash) => filter.MayContain(hash);

        public void Add(ulong hash)
        {
            lock (filter)
                filter.Add(hash);
        }
    }
}

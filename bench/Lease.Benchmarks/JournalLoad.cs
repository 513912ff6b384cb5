using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Benchmarks;

/// <summary>Writes new bindings, each with one lease and one event, and keeps twice the batch size in flight, so that one batch collects while the one before commits.</summary>
/// <param name="store">The journal.</param>
/// <param name="grants">Its shards.</param>
/// <param name="first">Number of the first binding.</param>
internal sealed class JournalLoad(ILeaseStore store, IReadOnlyList<ShardGrant> grants, int first = 0) : IActorRef
{
    /// <summary>Shards of the store.</summary>
    public const int Shards = 16;

    private const int FillBatch = 512;
    private readonly SemaphoreSlim told = new(0);
    private readonly long[] epochs = [.. grants.OrderBy(static g => g.Shard).Select(static g => g.Epoch)];

    /// <inheritdoc/>
    public string Path => "/bench";

    /// <summary>Bindings written.</summary>
    public int Count { get; private set; } = first;

    /// <summary>Writes until there are so many bindings.</summary>
    public void Fill(int bindings) => Write(FillBatch, () => Count < bindings);

    /// <summary>Writes batches as long as <paramref name="goesOn"/> says, and waits until all is stored.</summary>
    public void Write(int batch, Func<bool> goesOn)
    {
        var inFlight = 0;
        while (goesOn())
        {
            for (; inFlight < 2 * batch; inFlight++)
                Append(Count++);
            for (; inFlight > batch; inFlight--)
                told.Wait();
        }

        for (; inFlight > 0; inFlight--)
            told.Wait();
    }

    /// <inheritdoc/>
    public void Tell(object message, IActorRef? sender = null)
    {
        if (((JournalWrite)message).Outcome != JournalOutcome.Committed)
            throw new InvalidOperationException("a write was not stored");
        told.Release();
    }

    private void Append(int number)
    {
        // As long as a DUID-LLT with a link's name, in no order.
        var bytes = new byte[24];
        BitConverter.TryWriteBytes(bytes, unchecked((uint)number * 2_654_435_761));
        var key = new EntityKey(bytes);
        var shard = key.ShardOf(Shards);

        // Each shard allocates from slices of 256 addresses of its own.
        var address = ((UInt128)0x2001_0db8 << 96) + (uint)((number / (256 * Shards) * 256 * Shards) + (number % Shards * 256) + (number / Shards % 256));
        store.TryAppend(new JournalWrite
        {
            Shard = shard,
            Epoch = epochs[shard],
            Key = key,
            RowId = 0,
            Event = new byte[40],
            Row = new BindingRow { Payload = new byte[120], Link = "town", ExpiresAt = 1_000_000_000_000 + number },
            Leases = new[] { new LeaseChange(new LeaseKey(address, 128), LeaseState.Active) },
            ReplyTo = this,
        });
    }
}

using Lease.Kernel.Persistence;

namespace Lease.Storage;

/// <summary>A shard that wants slices of a pool.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="AtMost">How many it wants, at least 1.</param>
internal readonly record struct SliceRequest(int Shard, int AtMost);

/// <summary>
/// Gives the shards that ask for slices of one pool while the journal is busy what they ask for in one transaction. Clients that come together use up the slices of all shards at about one time, and
/// with a transaction for each the leases' batches would wait for 64 commits.
/// </summary>
/// <param name="journal">Where it is done.</param>
/// <param name="take">Gives slices of the pool, for each request those that are its.</param>
internal sealed class SliceRequests<TConnection>(
    JournalThread<TConnection> journal, Func<TConnection, PoolRange, IReadOnlyList<SliceRequest>, IReadOnlyList<Slice>[]> take)
{
    private readonly Lock gate = new();
    private readonly Dictionary<PoolRange, Round> waiting = [];

    /// <summary>See <see cref="ISliceStore.TakeSlicesAsync"/>.</summary>
    public async Task<IReadOnlyList<Slice>> TakeAsync(PoolRange pool, int shard, int atMost)
    {
        Round? round;
        int place;
        lock (gate)
        {
            // A round that could not even begin has its answer and is still there.
            if (!waiting.TryGetValue(pool, out round) || round.Answer.IsCompleted)
            {
                var begun = new Round();
                begun.Answer = journal.RunAsync(connection => Take(connection, pool, begun));
                waiting[pool] = round = begun;
            }

            place = round.Requests.Count;
            round.Requests.Add(new SliceRequest(shard, atMost));
        }

        return (await round.Answer.ConfigureAwait(false))[place];
    }

    /// <summary>How many slices each of the requests is given of <paramref name="unowned"/> that lie side by side; 0: those are used up.</summary>
    public static int[] Share(IReadOnlyList<SliceRequest> requests, long unowned)
    {
        var counts = new int[requests.Count];
        for (var i = 0; i < counts.Length && unowned > 0; i++)
        {
            counts[i] = PoolRange.SlicesToTake(requests[i].AtMost, unowned);
            unowned -= counts[i];
        }

        return counts;
    }

    private IReadOnlyList<Slice>[] Take(TConnection connection, PoolRange pool, Round round)
    {
        lock (gate)
            waiting.Remove(pool);
        return take(connection, pool, round.Requests);
    }

    private sealed class Round
    {
        public List<SliceRequest> Requests { get; } = [];

        public Task<IReadOnlyList<Slice>[]> Answer { get; set; } = null!;
    }
}

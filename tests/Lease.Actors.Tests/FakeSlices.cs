using Lease.Kernel.Persistence;

namespace Lease.Actors.Tests;

/// <summary>The slice table in memory.</summary>
internal sealed class FakeSlices : ISliceStore
{
    public List<long> Owned { get; } = [];

    public HashSet<LeaseKey> Taken { get; } = [];

    /// <summary>Leases that come with the slices.</summary>
    public List<SliceLease> Leases { get; } = [];

    /// <summary>How many slices were asked for, each time.</summary>
    public List<int> Asked { get; } = [];

    public Task<IReadOnlyList<Slice>> LoadSlicesAsync(int shard, IReadOnlyList<PoolRange> pools, CancellationToken cancellation)
        => Task.FromResult<IReadOnlyList<Slice>>([]);

    public Task<IReadOnlyList<Slice>> TakeSlicesAsync(PoolRange pool, int shard, int atMost, CancellationToken cancellation)
    {
        Asked.Add(atMost);
        var number = Owned.Count;
        if (number >= pool.SliceCount)
            return Task.FromResult<IReadOnlyList<Slice>>([]);
        Owned.Add(number);
        return Task.FromResult<IReadOnlyList<Slice>>([new Slice(pool, number, [.. Leases])]);
    }

    public Task<IReadOnlyList<LeaseKey>> FindFreeUnitsAsync(PoolRange pool, int shard, int limit, CancellationToken cancellation)
        => Task.FromResult<IReadOnlyList<LeaseKey>>([.. Enumerable.Range(0, 20).Select(u => pool.KeyOf((uint)u)).Where(IsFree)
            .Take(limit)]);

    public Task<bool> IsFreeAsync(LeaseKey key, CancellationToken cancellation) => Task.FromResult(IsFree(key));

    private bool IsFree(LeaseKey key) => !Taken.Any(key.Overlaps);
}

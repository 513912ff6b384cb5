using BenchmarkDotNet.Attributes;
using Lease.Actors.Allocation;
using Lease.Actors.Tests;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;

namespace Lease.Benchmarks.Micro;

/// <summary>A shard's choice among the 256 addresses of a slice: allocated, committed and given back.</summary>
[MemoryDiagnoser]
public class Allocation : IUnitFilter, IActorRef
{
    private const int Slice = 256;
    private static readonly PoolRange Pool = new(Start: (UInt128)0x2001_0db8 << 96, UnitLength: 128, Units: Slice, SliceSize: Slice);
    private readonly LeaseKey[] wanted = [Pool.KeyOf(100)];
    private readonly ShardAllocator used = new(0, new FakeSlices(), TimeProvider.System);
    private readonly ShardAllocator full = new(0, new FakeSlices(), TimeProvider.System);

    string IActorRef.Path => "/benchmark";

    [GlobalSetup]
    public void Use()
    {
        foreach (var unit in Enumerable.Range(0, Slice).Select(client => Take(used, [], (ulong)client)).ToArray())
            used.MarkFree(Pool, unit);
        for (var client = 1UL; client < Slice; client++)
            Take(full, [], client);
    }

    [Benchmark(Description = "what the client had")]
    public void Wanted() => used.MarkFree(Pool, Take(used, wanted, 1));

    [Benchmark(Description = "free for longest")]
    public void LongestFree() => used.MarkFree(Pool, Take(used, [], 1));

    [Benchmark(Description = "the only one free")]
    public void LastFree() => full.MarkFree(Pool, Take(full, [], 1));

    [Benchmark(Description = "never used, a whole slice", OperationsPerInvoke = Slice)]
    public void NeverUsed()
    {
        var fresh = new ShardAllocator(0, new FakeSlices(), TimeProvider.System);
        for (var client = 0UL; client < Slice; client++)
            Take(fresh, [], client * 0x9e37_79b9);
    }

    bool IUnitFilter.IsUsable(LeaseKey key) => true;

    bool IUnitFilter.IsOwed(LeaseKey key) => false;

    void IActorRef.Tell(object message, IActorRef? sender)
    {
        // The slices are in memory: the store has answered when it is asked again.
    }

    private LeaseKey Take(ShardAllocator allocator, ReadOnlySpan<LeaseKey> preferred, ulong client)
    {
        AllocationResult result;
        LeaseKey unit;
        do
            result = allocator.TryAllocate(Pool, preferred, client, TimeSpan.FromMinutes(1), this, this, out unit, out _, AllocationReach.Free);
        while (result == AllocationResult.Pending);
        if (result != AllocationResult.Allocated)
            throw new InvalidOperationException("nothing is free");
        allocator.MarkTaken(Pool, unit);
        return unit;
    }
}

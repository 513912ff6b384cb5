using Lease.Actors.Allocation;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.TestKit;

namespace Lease.Actors.Tests;

public sealed class ShardAllocatorTests
{
    private static readonly PoolRange Pool = new(Start: 0x1000, UnitLength: 128, Units: 20, SliceSize: 4);
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(60);

    private readonly VirtualTime time = new();
    private readonly FakeSlices store = new();
    private readonly ShardAllocator allocator;
    private bool isNew;

    public ShardAllocatorTests() => allocator = new ShardAllocator(0, store, time);

    [Fact]
    public void What_is_wanted_is_given_when_it_is_free()
    {
        Allocate(1, Pool.KeyOf(2)).ShouldBe(Pool.KeyOf(2));
        Allocate(2, Pool.KeyOf(2)).ShouldNotBe(Pool.KeyOf(2));
        Allocate(1, Pool.KeyOf(2)).ShouldBe(Pool.KeyOf(2), "the holder gets the same again");
    }

    [Fact]
    public void Every_unit_is_given_once_and_then_the_pool_is_exhausted()
    {
        var given = new HashSet<LeaseKey>();
        for (var client = 1UL; client <= 20; client++)
            given.Add(Allocate(client).ShouldNotBeNull()).ShouldBeTrue();
        Allocate(99).ShouldBeNull();
        time.Advance(TimeSpan.FromSeconds(61));
        Allocate(99).ShouldNotBeNull("what was only held is free again");
    }

    [Fact]
    public void A_shard_that_has_used_up_many_slices_asks_for_several_at_once()
    {
        for (var client = 1UL; client <= 20; client++)
            Allocate(client).ShouldNotBeNull();
        store.Asked.ShouldBe([1, 1, 2, 3, 4]);
    }

    [Fact]
    public void A_freed_unit_is_used_again_after_those_never_used()
    {
        var first = Allocate(1)!.Value;
        allocator.MarkTaken(Pool, first);
        allocator.MarkFree(Pool, first);
        Allocate(1).ShouldNotBe(first);
        Allocate(1, first).ShouldBe(first);
    }

    [Fact]
    public void A_unit_is_new_until_somebody_had_it()
    {
        var unit = Allocate(1)!.Value;
        isNew.ShouldBeTrue();
        Allocate(1, unit).ShouldBe(unit);
        isNew.ShouldBeTrue("it was only held");
        allocator.MarkTaken(Pool, unit);
        allocator.MarkFree(Pool, unit);
        Allocate(2, unit).ShouldBe(unit);
        isNew.ShouldBeFalse();
        Allocate(3).ShouldNotBeNull();
        isNew.ShouldBeTrue();
    }

    [Fact]
    public void A_unit_of_another_shard_is_not_believed_to_be_new()
    {
        store.Owned.AddRange([0, 1, 2, 3, 4]);
        Allocate(1, Pool.KeyOf(8)).ShouldBe(Pool.KeyOf(8));
        isNew.ShouldBeFalse();
    }

    [Fact]
    public void A_wanted_unit_of_another_shard_is_given_when_the_store_says_that_it_is_free()
    {
        store.Owned.AddRange([0, 1, 2, 3, 4]);
        store.Taken.Add(Pool.KeyOf(9));
        Allocate(1, Pool.KeyOf(8)).ShouldBe(Pool.KeyOf(8));
        Allocate(2, Pool.KeyOf(9)).ShouldNotBe(Pool.KeyOf(9));
    }

    [Fact]
    public void Units_reserved_for_others_are_passed_over()
    {
        for (var client = 1UL; client <= 10; client++)
            (Allocate(client, usable: static k => k.Address % 2 == 0).ShouldNotBeNull().Address % 2).ShouldBe(UInt128.Zero);
        Allocate(11, usable: static k => k.Address % 2 == 0).ShouldBeNull();
    }

    private LeaseKey? Allocate(ulong client, LeaseKey? wanted = null, Func<LeaseKey, bool>? usable = null)
    {
        for (var tries = 0; tries < 30; tries++)
        {
            ReadOnlySpan<LeaseKey> wishes = wanted is { } wish ? [wish] : [];
            var result = allocator.TryAllocate(Pool, wishes, client, Hold, new Filter(usable ?? (static _ => true)), new Nobody(), out var unit, out isNew);
            if (result != AllocationResult.Pending)
                return result == AllocationResult.Allocated ? unit : null;
        }

        throw new TestKitException("never decided");
    }

    private sealed class Filter(Func<LeaseKey, bool> usable) : IUnitFilter
    {
        public bool IsUsable(LeaseKey key) => usable(key);
    }

    private sealed class Nobody : IActorRef
    {
        public string Path => "/test";

        public void Tell(object message, IActorRef? sender = null)
        {
            // The test asks again by itself.
        }
    }
}

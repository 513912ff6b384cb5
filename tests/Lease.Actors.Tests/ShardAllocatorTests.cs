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

    [Theory]
    [InlineData(57, 4)]
    [InlineData(59, 1)]
    [InlineData(60, 1)]
    [InlineData(128, 1)]
    public void Units_that_overlap_a_lease_of_another_length_are_passed_over_until_it_has_ended(int length, int overlapped)
    {
        var pool = new PoolRange(Start: new UInt128(0x2001_0db8_0000_0000, 0), UnitLength: 59, Units: 20, SliceSize: 4);
        var held = new LeaseKey(LeaseKey.FirstOf(pool.KeyOf(5).Address, length), (byte)length);
        store.Taken.Add(held);
        store.Leases.Add(new SliceLease(held, LeaseState.Active, 0));
        var given = new HashSet<LeaseKey>();
        for (var client = 1UL; client <= 20 - (ulong)overlapped; client++)
        {
            var unit = Allocate(client, pool: pool).ShouldNotBeNull();
            unit.Overlaps(held).ShouldBeFalse();
            given.Add(unit).ShouldBeTrue();
            store.Taken.Add(unit);
            allocator.MarkTaken(pool, unit);
        }

        Allocate(99, pool: pool).ShouldBeNull();
        store.Taken.Remove(held);
        time.Advance(TimeSpan.FromSeconds(3));
        Allocate(99, pool: pool).ShouldNotBeNull().Overlaps(held).ShouldBeTrue();
    }

    [Fact]
    public void When_nothing_is_free_the_oldest_offer_gives_way()
    {
        var offers = OfferAll();
        Allocate(101).ShouldBeNull();
        Allocate(101, reach: AllocationReach.Offers).ShouldBe(offers[0]);
        Allocate(102, reach: AllocationReach.Offers).ShouldBe(offers[1]);
        Allocate(1, offers[0]).ShouldBeNull("it is kept for client 101 now");
    }

    [Fact]
    public void An_offer_that_was_renewed_is_younger_than_those_made_before()
    {
        var offers = OfferAll();
        Allocate(1, offers[0]).ShouldBe(offers[0]);
        Allocate(101, reach: AllocationReach.Offers).ShouldBe(offers[1]);
    }

    [Fact]
    public void No_offer_gives_way_while_something_is_free()
    {
        Allocate(1).ShouldNotBeNull();
        Allocate(2, reach: AllocationReach.Offers).ShouldNotBeNull();
        allocator.MarkTaken(Pool, Allocate(1)!.Value);
        var offers = OfferAll();
        allocator.MarkTaken(Pool, offers[5]);
        allocator.MarkFree(Pool, offers[5]);
        Allocate(101, reach: AllocationReach.Offers).ShouldBe(offers[5]);
    }

    [Fact]
    public void What_is_leased_gives_way_to_nobody()
    {
        foreach (var offer in OfferAll())
        {
            allocator.MarkTaken(Pool, offer);
            store.Taken.Add(offer);
        }

        Allocate(101, reach: AllocationReach.Offers).ShouldBeNull();
    }

    [Fact]
    public void An_offer_of_what_is_reserved_for_others_does_not_give_way()
    {
        var offers = OfferAll();
        Allocate(101, usable: k => k != offers[0], reach: AllocationReach.Offers).ShouldBe(offers[1]);
    }

    [Fact]
    public void The_first_of_two_to_whom_a_unit_was_offered_may_request_it()
    {
        var offers = OfferAll();
        Allocate(101, reach: AllocationReach.Offers).ShouldBe(offers[0]);
        Allocate(1, offers[0], owed: k => k == offers[0]).ShouldBe(offers[0]);
        allocator.MarkTaken(Pool, offers[0]);
        var second = Allocate(101, offers[0], owed: k => k == offers[0], reach: AllocationReach.Offers);
        second.ShouldBe(offers[1], "what is leased is not free");
    }

    [Fact]
    public void Offers_of_other_shards_give_way_too()
    {
        OfferAll();
        var other = new ShardAllocator(1, store, time);
        Allocate(101, reach: AllocationReach.Offers, from: other).ShouldNotBeNull();
    }

    [Fact]
    public void An_offer_that_another_shard_has_leased_does_not_give_way()
    {
        var offers = OfferAll();
        store.Taken.UnionWith(offers.Take(19));
        Allocate(101, reach: AllocationReach.Offers).ShouldBe(offers[19]);
    }

    [Fact]
    public void A_unit_that_another_shard_gave_back_is_found_again()
    {
        foreach (var offer in OfferAll())
        {
            // Another shard's clients had them all; one gives its back.
            allocator.MarkTaken(Pool, offer);
            store.Taken.Add(offer);
        }

        store.Taken.Remove(Pool.KeyOf(7));
        Allocate(101).ShouldBe(Pool.KeyOf(7));
    }

    [Fact]
    public void An_offer_that_has_ended_is_not_made_again_when_another_shard_has_leased_its_unit()
    {
        var offers = OfferAll();
        Allocate(101).ShouldBeNull();
        for (var i = 0; i < offers.Count - 1; i++)
            store.Taken.Add(offers[i]);
        time.Advance(Hold + TimeSpan.FromSeconds(3));
        Allocate(102).ShouldBe(offers[^1]);
        Allocate(103).ShouldBeNull();
    }

    // Offers every unit, a second apart, to clients 1 to 20.
    private List<LeaseKey> OfferAll()
    {
        var offers = new List<LeaseKey>();
        for (var client = 1UL; offers.Count < 20 && Allocate(client) is { } unit; client++)
        {
            offers.Add(unit);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        return offers;
    }

    private LeaseKey? Allocate(
        ulong client,
        LeaseKey? wanted = null,
        Func<LeaseKey, bool>? usable = null,
        Func<LeaseKey, bool>? owed = null,
        AllocationReach reach = AllocationReach.Free,
        ShardAllocator? from = null,
        PoolRange? pool = null)
    {
        var filter = new Filter(usable ?? (static _ => true), owed ?? (static _ => false));
        for (var tries = 0; tries < 30; tries++)
        {
            ReadOnlySpan<LeaseKey> wishes = wanted is { } wish ? [wish] : [];
            var result = (from ?? allocator).TryAllocate(
                pool ?? Pool, wishes, client, Hold, filter, new Nobody(), out var unit, out isNew, reach);
            if (result != AllocationResult.Pending)
                return result == AllocationResult.Allocated ? unit : null;
        }

        throw new TestKitException("never decided");
    }

    private sealed class Filter(Func<LeaseKey, bool> usable, Func<LeaseKey, bool> owed) : IUnitFilter
    {
        public bool IsUsable(LeaseKey key) => usable(key);

        public bool IsOwed(LeaseKey key) => owed(key);
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

using Lease.Kernel.Persistence;

namespace Lease.Storage.Tests;

/// <content>Addresses that clients share by port sets: several units, slices and holders of one address; and rows that only guard.</content>
public abstract partial class LeaseStoreConformance
{
    // Offset 6, 4 bits of PSID, from PSID 1 on: 15 units an address, 30 in all, in slices of 4.
    private static readonly PoolRange Shared = new(Start: 0xffff_c000_0200, UnitLength: 128, Units: 30, SliceSize: 4, Ports: (6u << 24) | (4u << 16) | 1);

    [Fact]
    public void Units_of_a_shared_pool_are_numbered_by_address_and_port_set()
    {
        for (var unit = 0u; unit < 30; unit++)
        {
            Shared.TryUnitOf(Shared.KeyOf(unit), out var number).ShouldBeTrue();
            number.ShouldBe(unit);
        }

        Shared.KeyOf(14).ShouldBe(new LeaseKey(0xffff_c000_0200, 128, (6u << 24) | (4u << 16) | 15));
        Shared.KeyOf(15).ShouldBe(new LeaseKey(0xffff_c000_0201, 128, (6u << 24) | (4u << 16) | 1));
        foreach (var other in new[] { 0u, (6u << 24) | (4u << 16), (6u << 24) | (5u << 16) | 1, LeaseKey.GuardOnly })
            Shared.TryUnitOf(new LeaseKey(0xffff_c000_0200, 128, other), out _).ShouldBeFalse();
    }

    [Fact]
    public async Task A_slice_of_a_shared_address_comes_with_the_leases_in_it_alone()
    {
        await AppendAsync(Write(1, 0, Claim(Shared.KeyOf(2)), Claim(Shared.KeyOf(5)), Claim(Shared.KeyOf(13)), Claim(new LeaseKey(0xffff_c000_0200, 128))));
        var slices = new List<Slice>();
        while (await Store.TakeSlicesAsync(Shared, slices.Count % Shards, atMost: 1, CancellationToken.None) is [var slice])
            slices.Add(slice);
        slices.Count.ShouldBe(8);
        slices.SelectMany(static s => s.Leases.Select(l => (s.Number, l.Key))).ShouldBe([(0, Shared.KeyOf(2)), (1, Shared.KeyOf(5)), (3, Shared.KeyOf(13))]);
    }

    [Fact]
    public async Task Free_units_of_a_shared_pool_are_found_to_the_last()
    {
        var all = Enumerable.Range(0, 30).Select(static u => Shared.KeyOf((uint)u)).ToArray();
        await AppendAsync(Write(1, 0, [.. all.Where(static (_, i) => i is not (0 or 14 or 15 or 29)).Select(Claim)]));
        for (var shard = 0; shard < Shards; shard++)
            (await Store.FindFreeUnitsAsync(Shared, shard, 10, CancellationToken.None)).ShouldBe([all[0], all[14], all[15], all[29]], ignoreOrder: true);
        (await Store.IsFreeAsync(all[14], CancellationToken.None)).ShouldBeTrue();
        (await Store.IsFreeAsync(all[13], CancellationToken.None)).ShouldBeFalse();
    }

    [Fact]
    public async Task Port_sets_of_one_address_are_leases_of_their_own()
    {
        (await AppendAsync(Write(1, 0, Claim(Shared.KeyOf(0))))).Outcome.ShouldBe(JournalOutcome.Committed);
        (await AppendAsync(Write(2, 0, Claim(Shared.KeyOf(1))))).Outcome.ShouldBe(JournalOutcome.Committed);
        (await AppendAsync(Write(3, 0, Claim(Shared.KeyOf(0))))).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
    }

    [Fact]
    public async Task A_walk_over_a_shared_address_gives_every_holder_once_however_often_it_stops()
    {
        for (var i = 0; i < 15; i++)
            await AppendAsync(Write(i, 0, Claim(Shared.KeyOf((uint)i))));
        await AppendAsync(Write(99, 0, Claim(Shared.KeyOf(15))));
        foreach (var limit in new[] { 1, 4, 100 })
        {
            var found = new Visits([]);
            var position = default(WalkPosition);
            for (var ended = false; !ended;)
                (position, ended) = Store.Walk(new BindingSelection.HoldingWithin(0xffff_c000_0200, 128), position, limit, ref found);
            found.Leases.ShouldBe(Enumerable.Range(0, 15).Select(static u => Shared.KeyOf((uint)u)));
        }
    }

    [Fact]
    public async Task A_row_that_only_guards_keeps_to_one_binding_and_is_not_walked_over()
    {
        var guard = new LeaseKey(0x2001_0db8, 128, LeaseKey.GuardOnly);
        await AppendAsync(Write(1, 0, Claim(guard)));
        (await AppendAsync(Write(2, 0, Claim(guard)))).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
        await AppendAsync(Write(3, 0, Claim(new LeaseKey(0x2001_0000, 112))));
        var found = new Visits([]);
        Store.Walk(new BindingSelection.Holding(0x2001_0db8), default, 10, ref found);
        found.Keys.ShouldBe([Key(3)]);
        var within = new Visits([]);
        Store.Walk(new BindingSelection.HoldingWithin(0x2001_0db8, 128), default, 10, ref within);
        within.Keys.ShouldBeEmpty();
    }

    protected static LeaseChange Claim(LeaseKey key) => new(key, LeaseState.Active);

    private readonly struct Visits(List<(Kernel.Sharding.EntityKey Key, LeaseKey? Lease)> found) : IBindingVisitor
    {
        public IEnumerable<LeaseKey> Leases => found.Select(static f => f.Lease!.Value);

        public IEnumerable<Kernel.Sharding.EntityKey> Keys => found.Select(static f => f.Key);

        public bool Visit(in BindingRecord record)
        {
            found.Add((new Kernel.Sharding.EntityKey(record.Key), record.FoundBy));
            return true;
        }
    }
}

using Lease.Kernel.Persistence;

namespace Lease.Storage.Tests;

/// <content>Leases of different lengths: what contains another client's lease, or lies in it, is not given.</content>
public abstract partial class LeaseStoreConformance
{
    private static readonly PoolRange Prefixes = new(Start: new UInt128(0x2001_0db8_8000_0000, 0), UnitLength: 56, Units: 64,
        SliceSize: 16);

    protected static LeaseKey Prefix(ulong first, int length) => new(LeaseKey.FirstOf(new UInt128(first, 0), length), (byte)length);

    [Theory]
    [InlineData(56, 48, LeaseState.Active)]
    [InlineData(56, 60, LeaseState.Active)]
    [InlineData(56, 60, LeaseState.Declined)]
    [InlineData(56, 128, LeaseState.Active)]
    [InlineData(128, 56, LeaseState.Declined)]
    [InlineData(128, 1, LeaseState.Active)]
    [InlineData(1, 128, LeaseState.Active)]
    [InlineData(64, 63, LeaseState.Active)]
    [InlineData(127, 128, LeaseState.Active)]
    public async Task A_claim_that_contains_anothers_lease_or_lies_in_it_fails_its_write_alone(int held, int claimed, LeaseState state)
    {
        const ulong first = 0x8000_0000_0000_0000;
        await AppendAsync(Write(1, 0, new LeaseChange(Prefix(first, held), state)));
        var taken = Write(2, 0, Claim(Lease(5)), Claim(Prefix(first, claimed)));
        var other = Write(3, 0, Claim(Lease(7)));
        Store.TryAppend(taken).ShouldBeTrue();
        Store.TryAppend(other).ShouldBeTrue();
        (await ((Answer)taken.ReplyTo).Task).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
        taken.Conflict.ShouldBe(Prefix(first, claimed));
        (await ((Answer)other.ReplyTo).Task).Outcome.ShouldBe(JournalOutcome.Committed);
        await ReopenAsync();
        (await AppendAsync(Write(4, 0, new LeaseChange(Prefix(first, claimed), LeaseState.Active,
            IsNew: true)))).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
        (await LeasesAsync()).Select(static l => l.Key).ShouldBe([Lease(7), Prefix(first, held)]);
    }

    [Fact]
    public async Task A_lease_at_the_end_of_a_prefix_lies_in_it_and_the_next_does_not()
    {
        await AppendAsync(Write(1, 0, Claim(Prefix(0x2001_0db8_0000_0100, 56))));
        (await AppendAsync(Write(2, 0, Claim(Prefix(0x2001_0db8_0000_01ff, 64))))).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
        (await AppendAsync(Write(3, 0, Claim(Prefix(0x2001_0db8_0000_0200, 64))))).Outcome.ShouldBe(JournalOutcome.Committed);
        (await AppendAsync(Write(4, 0, Claim(Prefix(0x2001_0db8_0000_00ff, 64))))).Outcome.ShouldBe(JournalOutcome.Committed);
        (await AppendAsync(Write(5, 0, Claim(Prefix(0x2001_0db8_0000_0200, 56))))).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
    }

    [Fact]
    public async Task What_has_ended_is_in_nobodys_way_whatever_its_length()
    {
        var first = await AppendAsync(Write(1, 0, Claim(Prefix(0x2001_0db8_0000_0000, 56))));
        await AppendAsync(Write(1, first.RowId, new LeaseChange(Prefix(0x2001_0db8_0000_0000, 56), LeaseState.Free)));
        var second = await AppendAsync(Write(2, 0, Claim(Prefix(0x2001_0db8_0000_0010, 60))));
        second.Outcome.ShouldBe(JournalOutcome.Committed);
        (await AppendAsync(Write(1, first.RowId, Claim(Prefix(0x2001_0db8_0000_0000, 56))))).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
        await AppendAsync(Write(2, second.RowId, new LeaseChange(Prefix(0x2001_0db8_0000_0010, 60), LeaseState.Free)));
        (await AppendAsync(Write(1, first.RowId, Claim(Prefix(0x2001_0db8_0000_0000, 56))))).Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public async Task A_binding_may_have_what_lies_in_its_own_lease()
    {
        var write = await AppendAsync(Write(1, 0, Claim(Prefix(0x2001_0db8_0000_0000, 56)), Claim(Prefix(0x2001_0db8_0000_0010, 60))));
        write.Outcome.ShouldBe(JournalOutcome.Committed);
        (await AppendAsync(Write(1, write.RowId, Claim(Prefix(0x2001_0db8_0000_0000, 48))))).Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public async Task Of_claims_that_come_together_and_overlap_one_is_stored()
    {
        for (var round = 0u; round < 20; round++)
        {
            var first = 0x2001_0db8_0000_0000UL + ((ulong)round << 8);
            var writes = new[] { 56, 60, 64, 58, 56 }.Select((length, i)
                => Write((int)(round * 10) + i, 0, new LeaseChange(Prefix(first, length), LeaseState.Active, IsNew: true))).ToArray();
            foreach (var write in writes)
                Store.TryAppend(write).ShouldBeTrue();
            foreach (var write in writes)
                await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20));
            writes.Select(static w => w.Outcome).Order().ShouldBe([JournalOutcome.Committed,
                .. Enumerable.Repeat(JournalOutcome.LeaseConflict, 4)]);
        }
    }

    [Fact]
    public async Task Of_prefixes_and_addresses_beside_each_other_all_are_stored_and_nothing_across_them()
    {
        // Eight sites: a /64 with addresses, and prefixes of two lengths behind it.
        for (var site = 0u; site < 8; site++)
        {
            var first = 0x2001_0db8_0000_0000 + ((ulong)site << 20);
            var writes = Enumerable.Range(0, 50).Select(i => Write((int)(site * 1000) + i, 0,
                Claim(new LeaseKey(new UInt128(first, (uint)i), 128)), Claim(Prefix(first + 0x10000 + ((uint)i << 8), 56)),
                Claim(Prefix(first + 0x20000 + ((uint)i << 4), 60)))).ToList();
            foreach (var write in writes)
                Store.TryAppend(write).ShouldBeTrue();
            foreach (var write in writes)
                (await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20))).Outcome.ShouldBe(JournalOutcome.Committed);
            foreach (var key in new[] { Prefix(first, 64), Prefix(first, 56), Prefix(first, 44), Prefix(first + 0x10100, 60),
                Prefix(first + 0x20000, 56), Prefix(first + 0x2000f, 64) })
                (await AppendAsync(Write((int)(site * 1000) + 999, 0, Claim(key)))).Outcome.ShouldBe(JournalOutcome.LeaseConflict,
                    $"{key}");
        }

        (await AppendAsync(Write(99_999, 0, Claim(Prefix(0x2001_0db8_0000_0000, 32))))).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
    }

    [Fact]
    public async Task Port_sets_and_rows_that_only_guard_lie_in_no_prefix()
    {
        await AppendAsync(Write(1, 0, Claim(new LeaseKey(0, 64))));
        (await AppendAsync(Write(2, 0, Claim(Shared.KeyOf(0))))).Outcome.ShouldBe(JournalOutcome.Committed);
        (await AppendAsync(Write(3, 0, Claim(new LeaseKey(7, 128, LeaseKey.GuardOnly))))).Outcome.ShouldBe(JournalOutcome.Committed);
        (await AppendAsync(Write(4, 0, Claim(Lease(7))))).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
    }

    [Fact]
    public async Task A_slice_comes_with_the_leases_that_overlap_its_units()
    {
        var around = Prefix(0x2001_0db8_8000_0800, 53);
        var inside = new LeaseKey(new UInt128(0x2001_0db8_8000_1203, 7), 128);
        await AppendAsync(Write(1, 0, Claim(around), Claim(inside)));
        var slices = new List<Slice>();
        while (await Store.TakeSlicesAsync(Prefixes, 0, atMost: 1, CancellationToken.None) is [var slice])
            slices.Add(slice);
        slices.SelectMany(static s => s.Leases.Select(l => (s.Number, l.Key))).ShouldBe([(0, around), (1, inside)]);
        await ReopenAsync();
        var part = Prefixes with { Start = new UInt128(0x2001_0db8_8000_0c00, 0), Units = 4, SliceSize = 4 };
        (await Store.TakeSlicesAsync(part, 0, atMost: 1, CancellationToken.None))
            .ShouldHaveSingleItem().Leases.ShouldHaveSingleItem().Key.ShouldBe(around, "it begins before the pool");
    }

    [Fact]
    public async Task Units_that_overlap_a_lease_are_not_free()
    {
        await AppendAsync(Write(1, 0, Claim(Prefix(0x2001_0db8_8000_0000, 51)), Claim(Prefix(0x2001_0db8_8000_2f10, 60)),
            Claim(new LeaseKey(new UInt128(0x2001_0db8_8000_3fff, 7), 128))));
        var free = Enumerable.Range(32, 31).Where(static u => u != 0x2f).Select(static u => Prefixes.KeyOf((uint)u)).ToArray();
        for (var shard = 0; shard < Shards; shard++)
            (await Store.FindFreeUnitsAsync(Prefixes, shard, 100, CancellationToken.None)).ShouldBe(free, ignoreOrder: true);
        foreach (var unit in new uint[] { 0, 31, 0x2f, 63 })
            (await Store.IsFreeAsync(Prefixes.KeyOf(unit), CancellationToken.None)).ShouldBeFalse($"{unit}");
        foreach (var unit in new uint[] { 32, 0x2e, 62 })
            (await Store.IsFreeAsync(Prefixes.KeyOf(unit), CancellationToken.None)).ShouldBeTrue($"{unit}");
    }
}

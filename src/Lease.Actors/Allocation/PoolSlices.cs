using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;

namespace Lease.Actors.Allocation;

/// <summary>One shard's slices of one pool, and the single units that it borrowed from elsewhere.</summary>
internal sealed class PoolSlices(PoolRange pool, Func<uint> now)
{
    private const int MaxRefused = 1024;

    private readonly Dictionary<UInt128, SliceSlots> slices = [];
    private readonly Dictionary<UInt128, SliceSlots> borrowed = [];
    private readonly Dictionary<LeaseKey, uint> refused = [];

    // Slices with something free; those that turn out to be full leave when they are next looked at.
    private readonly List<SliceSlots> open = [];

    public PoolRange Pool { get; } = pool;

    public bool Loaded { get; set; }

    /// <summary>Number of the shard's slices.</summary>
    public int Owned => slices.Count;

    /// <summary>Whether the store said that every slice of the pool has an owner.</summary>
    public bool AllOwned { get; set; }

    /// <summary>The store is not asked for free units before this time, Unix seconds.</summary>
    public uint ExhaustedUntil { get; set; }

    public bool Asking { get; set; }

    public List<IActorRef> Waiters { get; } = [];

    public uint Now() => now();

    public void Add(Slice slice)
    {
        var first = (UInt128)(ulong)slice.Number * (uint)Pool.SliceSize;
        var slots = new SliceSlots(Pool, first, (int)UInt128.Min((uint)Pool.SliceSize, Pool.Units - first));
        foreach (var lease in slice.Leases)
        {
            if (lease.State == LeaseState.Free && Pool.TryUnitOf(lease.Key, out var unit))
                slots.Free((int)(unit - first), (uint)(lease.ChangedAt / 1000));
        }

        foreach (var lease in slice.Leases)
        {
            if (lease.State != LeaseState.Free)
                Take(slots, lease.Key);
        }

        // A unit that was borrowed before the slice was taken is held or leased by a client: it must not be given away again from the slice.
        for (var i = 0; borrowed.Count > 0 && i < slots.Count; i++)
        {
            if (borrowed.Remove(first + (uint)i, out var single))
                single.MoveTo(0, slots, i);
        }

        slices[(UInt128)(ulong)slice.Number] = slots;
        List(slots);
    }

    /// <summary>
    /// Takes a unit that the store calls free into use: one of nobody's or another's slice as a slice of one; one that another shard's
    /// client had, or that a lease of another length overlapped, is free again.
    /// </summary>
    /// <returns>False when it was free or held here already: then there is nothing new to choose from.</returns>
    public bool Borrow(LeaseKey key)
    {
        if (!Pool.TryUnitOf(key, out var unit))
            return false;
        if (Find(unit) is ({ } known, var slot))
        {
            if (known[slot] != SlotState.Taken)
                return false;
            known.Free(slot, now());
            List(known);
            return true;
        }

        var slots = new SliceSlots(Pool, unit, 1);

        // Whether it has a row the store did not say.
        slots.Free(0, 0);
        borrowed[unit] = slots;
        List(slots);
        return true;
    }

    /// <summary>Takes note of all units that are free in the store: what else is held here is leased to another shard's client.</summary>
    public void TakeOffersBut(IReadOnlyList<LeaseKey> free)
    {
        var units = new HashSet<LeaseKey>(free);
        foreach (var held in slices.Values)
            held.TakeOffersBut(units);
        foreach (var held in borrowed.Values)
            held.TakeOffersBut(units);
    }

    public void Refuse(LeaseKey key, uint at)
    {
        if (refused.Count >= MaxRefused)
            refused.Clear();
        refused[key] = at + 1;
    }

    public bool IsRefused(LeaseKey key, uint at) => refused.TryGetValue(key, out var until) && until >= at;

    public (SliceSlots? Slice, int Slot) Find(UInt128 unit)
    {
        if (slices.TryGetValue(unit / (uint)Pool.SliceSize, out var slice))
            return (slice, (int)(unit - slice.First));
        return borrowed.TryGetValue(unit, out var single) ? (single, 0) : (null, 0);
    }

    public void List(SliceSlots slice)
    {
        if (slice.Listed || slice.NeverUsed + slice.Used == 0)
            return;
        slice.Listed = true;
        open.Add(slice);
    }

    public bool FindFree(ulong client, IUnitFilter filter, out SliceSlots slice, out int slot)
    {
        if (FindOpen(client, filter, out slice, out slot))
            return true;
        var at = now();
        foreach (var held in slices.Values)
            Reclaim(held, at);
        foreach (var held in borrowed.Values)
            Reclaim(held, at);
        return FindOpen(client, filter, out slice, out slot);
    }

    /// <summary>The oldest offer among those that the client may have.</summary>
    public bool FindOldestOffer(IUnitFilter filter, out SliceSlots slice, out int slot)
    {
        var (found, place, until) = ((SliceSlots?)null, -1, uint.MaxValue);

        // Where the oldest should be comes first: the others are then passed by without a look at their slots.
        if (WithOldestOffer() is { } first)
            Consider(first);
        foreach (var held in slices.Values)
            Consider(held);
        foreach (var held in borrowed.Values)
            Consider(held);
        (slice, slot) = (found!, place);
        return found is not null;

        void Consider(SliceSlots held)
        {
            if (held.Held == 0 || held.HeldUntil >= until)
                return;
            if (held.FindOldestOffer(filter, out var ends) is >= 0 and var oldest && ends < until)
                (found, place, until) = (held, oldest, ends);
        }
    }

    private SliceSlots? WithOldestOffer()
    {
        SliceSlots? first = null;
        foreach (var held in slices.Values)
        {
            if (held.Held > 0 && (first is null || held.HeldUntil < first.HeldUntil))
                first = held;
        }

        foreach (var held in borrowed.Values)
        {
            if (held.Held > 0 && (first is null || held.HeldUntil < first.HeldUntil))
                first = held;
        }

        return first;
    }

    // All of its units that a lease overlaps, which may be of another length.
    private void Take(SliceSlots slots, LeaseKey key)
    {
        if (!Pool.TryUnitsOf(key, out var from, out var to))
            return;
        to = UInt128.Min(to, slots.First + (uint)slots.Count - 1);
        for (var unit = UInt128.Max(from, slots.First); unit <= to; unit++)
            slots.Take((int)(unit - slots.First));
    }

    private bool FindOpen(ulong client, IUnitFilter filter, out SliceSlots slice, out int slot)
    {
        for (var i = open.Count - 1; i >= 0; i--)
        {
            slice = open[i];
            if (slice.NeverUsed + slice.Used == 0)
            {
                slice.Listed = false;
                open.RemoveAt(i);
                continue;
            }

            slot = slice.Find(client, filter);
            if (slot >= 0)
                return true;
        }

        slice = null!;
        slot = -1;
        return false;
    }

    private void Reclaim(SliceSlots held, uint at)
    {
        if (held.Held == 0)
            return;

        // Where every slice has an owner, other shards may have leased what was offered here: the store says what is free still.
        held.ReclaimHeld(at, AllOwned ? SlotState.Taken : SlotState.Used);
        List(held);
    }
}

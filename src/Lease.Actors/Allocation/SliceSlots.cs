using Lease.Kernel.Persistence;

namespace Lease.Actors.Allocation;

/// <summary>What a unit of a slice is at the moment.</summary>
internal enum SlotState : byte
{
    /// <summary>Free, and nobody had it as far as the table remembers.</summary>
    NeverUsed,

    /// <summary>Free; somebody had it until <c>since</c>.</summary>
    Used,

    /// <summary>Kept for a client to which it was advertised, until <c>since</c>.</summary>
    Held,

    /// <summary>As <see cref="Held"/>, and nobody had it as far as the table remembers.</summary>
    HeldNew,

    /// <summary>Leased, declined, or known to be another shard's.</summary>
    Taken,
}

/// <summary>The units of one slice in memory: 9 octets a unit, allocated at once. Times are Unix seconds.</summary>
internal sealed class SliceSlots
{
    private readonly SlotState[] states;
    private readonly uint[] since;
    private readonly uint[] holders;

    public SliceSlots(PoolRange pool, UInt128 first, int count)
    {
        Pool = pool;
        First = first;
        states = new SlotState[count];
        since = new uint[count];
        holders = new uint[count];
        NeverUsed = count;
    }

    public PoolRange Pool { get; }

    /// <summary>Number of its first unit within the pool.</summary>
    public UInt128 First { get; }

    public int Count => states.Length;

    public int NeverUsed { get; private set; }

    public int Used { get; private set; }

    public int Held { get; private set; }

    /// <summary>Nothing that is held ends before this time; it may be earlier than the first end.</summary>
    public uint HeldUntil { get; private set; } = uint.MaxValue;

    /// <summary>Whether it is in its pool's list of slices with something free.</summary>
    public bool Listed { get; set; }

    public LeaseKey KeyOf(int slot) => Pool.KeyOf(First + (uint)slot);

    public SlotState this[int slot] => states[slot];

    public bool IsFree(int slot) => states[slot] is SlotState.NeverUsed or SlotState.Used;

    public bool IsHeld(int slot) => states[slot] is SlotState.Held or SlotState.HeldNew;

    public bool IsHeldBy(int slot, uint holder) => IsHeld(slot) && holders[slot] == holder;

    /// <summary>Whether nobody had it as far as the table remembers.</summary>
    public bool IsNew(int slot) => states[slot] is SlotState.NeverUsed or SlotState.HeldNew;

    public void Take(int slot) => Set(slot, SlotState.Taken, 0);

    public void Free(int slot, uint now) => Set(slot, SlotState.Used, now);

    public void Hold(int slot, uint holder, uint until)
    {
        Set(slot, IsNew(slot) ? SlotState.HeldNew : SlotState.Held, until);
        holders[slot] = holder;
        HeldUntil = Math.Min(HeldUntil, until);
    }

    /// <summary>Gives a slot's state over to the slice that its unit belongs to from now on.</summary>
    public void MoveTo(int slot, SliceSlots target, int targetSlot)
    {
        target.Set(targetSlot, states[slot], since[slot]);
        target.holders[targetSlot] = holders[slot];
        target.HeldUntil = Math.Min(target.HeldUntil, HeldUntil);
        Take(slot);
    }

    /// <summary>Ends what was held until a time before <paramref name="now"/>; from then on it is <paramref name="ended"/>.</summary>
    public void ReclaimHeld(uint now, SlotState ended)
    {
        if (HeldUntil > now)
            return;
        HeldUntil = uint.MaxValue;
        for (var i = 0; i < states.Length; i++)
        {
            if (IsHeld(i) && since[i] <= now)
                Set(i, ended, since[i]);
            else if (IsHeld(i))
                HeldUntil = Math.Min(HeldUntil, since[i]);
        }
    }

    /// <summary>The offer that ends first of those that <paramref name="filter"/> allows; -1 when there is none.</summary>
    /// <param name="filter">Whether the client may have a unit.</param>
    /// <param name="until">When it ends; <see cref="uint.MaxValue"/> for none.</param>
    public int FindOldestOffer(IUnitFilter filter, out uint until)
    {
        var oldest = -1;
        until = HeldUntil = uint.MaxValue;
        for (var i = 0; i < states.Length; i++)
        {
            if (!IsHeld(i))
                continue;
            HeldUntil = Math.Min(HeldUntil, since[i]);
            if (since[i] < until && filter.IsUsable(KeyOf(i)))
                (oldest, until) = (i, since[i]);
        }

        return oldest;
    }

    public void TakeOffersBut(HashSet<LeaseKey> free)
    {
        for (var i = 0; Held > 0 && i < states.Length; i++)
        {
            if (IsHeld(i) && !free.Contains(KeyOf(i)))
                Take(i);
        }
    }

    /// <summary>
    /// The slot for a client: from its hash on the first that nobody had, else the one that has been free for longest; -1 when there is none that
    /// <paramref name="filter"/> allows.
    /// </summary>
    public int Find(ulong hash, IUnitFilter filter)
    {
        var start = (int)(hash % (uint)states.Length);
        for (var i = 0; NeverUsed > 0 && i < states.Length; i++)
        {
            var slot = start + i < states.Length ? start + i : start + i - states.Length;
            if (states[slot] == SlotState.NeverUsed && filter.IsUsable(KeyOf(slot)))
                return slot;
        }

        var oldest = -1;
        for (var slot = 0; Used > 0 && slot < states.Length; slot++)
        {
            if (states[slot] == SlotState.Used && (oldest < 0 || since[slot] < since[oldest]) && filter.IsUsable(KeyOf(slot)))
                oldest = slot;
        }

        return oldest;
    }

    private void Set(int slot, SlotState state, uint time)
    {
        Tally(states[slot], -1);
        Tally(state, 1);
        states[slot] = state;
        since[slot] = time;
    }

    private void Tally(SlotState state, int by)
    {
        switch (state)
        {
            case SlotState.NeverUsed:
                NeverUsed += by;
                break;
            case SlotState.Used:
                Used += by;
                break;
            case SlotState.Held or SlotState.HeldNew:
                Held += by;
                break;
            default:
                break;
        }
    }
}

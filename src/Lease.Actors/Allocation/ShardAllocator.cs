using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;

namespace Lease.Actors.Allocation;

/// <summary>How an allocation went.</summary>
public enum AllocationResult
{
    /// <summary>The unit is held for the client.</summary>
    Allocated,

    /// <summary>The store was asked; the waiter is told <see cref="AllocationProgress"/>, then it asks again.</summary>
    Pending,

    /// <summary>The pool has nothing free.</summary>
    Exhausted,
}

/// <summary>How far an allocation may go.</summary>
public enum AllocationReach
{
    /// <summary>What is wanted, else anything that is free.</summary>
    Free,

    /// <summary>Nothing else than what is wanted.</summary>
    Wanted,

    /// <summary>As <see cref="Free"/>; when nothing is free the oldest offer to another client gives way.</summary>
    Offers,
}

/// <summary>Which units a client may have.</summary>
public interface IUnitFilter
{
    /// <summary>Whether it may have this one.</summary>
    bool IsUsable(LeaseKey key);

    /// <summary>Whether it requests what was offered to it: then a later offer of the unit to another client gives way.</summary>
    bool IsOwed(LeaseKey key);
}

/// <summary>Tells an actor that waited for the store to ask its allocator again.</summary>
public sealed class AllocationProgress : IWaitEnded
{
    private AllocationProgress()
    {
    }

    /// <summary>The only instance.</summary>
    public static AllocationProgress Instance { get; } = new();
}

/// <summary>
/// What one shard allocates from: its slices of every pool, in memory. Asked on the shard's thread; answers of the store come on other threads, hence the lock.
/// The lease row stays the last guard: whatever stands here, a commit decides.
/// </summary>
public sealed class ShardAllocator
{
    // A shard that has used up many slices asks for several at a time: its clients wait less often.
    private const int MaxTaken = 8;

    // How many free units the store is asked for when every slice has an owner.
    private const int MaxBorrowed = 32;

    private readonly Lock gate = new();
    private readonly Dictionary<PoolRange, PoolSlices> pools = [];
    private readonly int shard;
    private readonly ISliceStore store;
    private readonly TimeProvider time;

    /// <summary>Makes the allocator of <paramref name="shard"/>; slices are read when a pool is first asked for.</summary>
    public ShardAllocator(int shard, ISliceStore store, TimeProvider time)
    {
        this.shard = shard;
        this.store = store;
        this.time = time;
    }

    private uint Now => (uint)time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Finds a unit and holds it for the client.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="wanted">Units that the client had or asks for, the best first. Only a preference.</param>
    /// <param name="client">Hash of the client's key.</param>
    /// <param name="hold">How long it is kept for the client.</param>
    /// <param name="filter">Whether this client may have a unit (reservations of others).</param>
    /// <param name="waiter">Told when the store has answered.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="isNew">Whether nobody had it as far as the table remembers.</param>
    /// <param name="reach">What will do.</param>
    public AllocationResult TryAllocate(
        PoolRange pool, ReadOnlySpan<LeaseKey> wanted, ulong client, TimeSpan hold, IUnitFilter filter, IActorRef waiter, out LeaseKey unit, out bool isNew,
        AllocationReach reach)
    {
        lock (gate)
        {
            unit = default;
            isNew = false;
            var slices = PoolOf(pool);
            if (!slices.Loaded)
                return WaitForLoad(slices, waiter);
            foreach (var key in wanted)
            {
                if (!pool.TryUnitOf(key, out var number) || !filter.IsUsable(key))
                    continue;
                if (slices.Find(number) is ({ } slice, var slot))
                {
                    if (slice.IsFree(slot) || slice.IsHeldBy(slot, (uint)client) || (slice.IsHeld(slot) && filter.IsOwed(key)))
                        return Hold(slices, slice, slot, client, hold, out unit, out isNew);
                }
                else if (!slices.IsRefused(key, Now))
                {
                    return WaitForBorrow(slices, key, waiter);
                }
            }

            return reach == AllocationReach.Wanted
                ? AllocationResult.Exhausted
                : FindAny(slices, client, hold, filter, waiter, reach, out unit, out isNew);
        }
    }

    /// <summary>A commit gave the unit to a client of this shard, or found it to be another's.</summary>
    public void MarkTaken(PoolRange pool, LeaseKey key) => Mark(pool, key, static (slice, slot, _) => slice.Take(slot));

    /// <summary>A commit freed the unit.</summary>
    public void MarkFree(PoolRange pool, LeaseKey key) => Mark(pool, key, static (slice, slot, now) => slice.Free(slot, now));

    private static AllocationResult Hold(PoolSlices slices, SliceSlots slice, int slot, ulong client, TimeSpan hold, out LeaseKey unit, out bool isNew)
    {
        isNew = slice.IsNew(slot);
        slice.Hold(slot, (uint)client, slices.Now() + (uint)hold.TotalSeconds);
        unit = slice.KeyOf(slot);
        return AllocationResult.Allocated;
    }

    private AllocationResult FindAny(
        PoolSlices slices,
        ulong client,
        TimeSpan hold,
        IUnitFilter filter,
        IActorRef waiter,
        AllocationReach reach,
        out LeaseKey unit,
        out bool isNew)
    {
        if (slices.FindFree(client, filter, out var slice, out var slot))
            return Hold(slices, slice, slot, client, hold, out unit, out isNew);
        unit = default;
        isNew = false;
        if (!slices.AllOwned || slices.ExhaustedUntil <= Now)
            return WaitForMore(slices, waiter);
        return reach == AllocationReach.Offers && slices.FindOldestOffer(filter, out slice, out slot)
            ? Hold(slices, slice, slot, client, hold, out unit, out isNew)
            : AllocationResult.Exhausted;
    }

    private void Mark(PoolRange pool, LeaseKey key, Action<SliceSlots, int, uint> change)
    {
        lock (gate)
        {
            if (!pool.TryUnitOf(key, out var number) || !pools.TryGetValue(pool, out var slices) || slices.Find(number) is not ({ } slice, var slot))
                return;
            change(slice, slot, Now);
            slices.List(slice);
        }
    }

    private PoolSlices PoolOf(PoolRange pool)
    {
        if (!pools.TryGetValue(pool, out var slices))
            pools[pool] = slices = new PoolSlices(pool, () => Now);
        return slices;
    }

    // Apart from the way that most allocations go, so that they pay for no closures.
    private AllocationResult WaitForLoad(PoolSlices slices, IActorRef waiter) => Wait(slices, waiter, () => LoadAsync(slices));

    private AllocationResult WaitForBorrow(PoolSlices slices, LeaseKey key, IActorRef waiter) => Wait(slices, waiter, () => BorrowAsync(slices, key));

    private AllocationResult WaitForMore(PoolSlices slices, IActorRef waiter)
        => Wait(slices, waiter, () => slices.AllOwned ? FindFreeUnitsAsync(slices) : TakeAsync(slices));

    // One question to the store at a time for each pool; who comes meanwhile waits for its answer too.
    private static AllocationResult Wait(PoolSlices slices, IActorRef waiter, Func<Task> ask)
    {
        slices.Waiters.Add(waiter);
        if (!slices.Asking)
        {
            slices.Asking = true;
            _ = ask();
        }

        return AllocationResult.Pending;
    }

    private Task LoadAsync(PoolSlices slices) => AskAsync(
        slices,
        () => store.LoadSlicesAsync(shard, [slices.Pool], CancellationToken.None),
        loaded =>
        {
            foreach (var slice in loaded)
                slices.Add(slice);
            slices.Loaded = true;
        });

    private Task TakeAsync(PoolSlices slices) => AskAsync(
        slices,
        () => store.TakeSlicesAsync(slices.Pool, shard, Math.Clamp(slices.Owned, 1, MaxTaken), CancellationToken.None),
        taken =>
        {
            slices.AllOwned = taken.Count == 0;
            foreach (var slice in taken)
                slices.Add(slice);
        });

    private Task FindFreeUnitsAsync(PoolSlices slices) => AskAsync(
        slices,
        () => store.FindFreeUnitsAsync(slices.Pool, shard, MaxBorrowed, CancellationToken.None),
        units =>
        {
            var found = false;
            foreach (var unit in units)
                found |= slices.Borrow(unit);

            if (units.Count < MaxBorrowed)
                slices.TakeOffersBut(units);

            // Not asked again for a moment, so that clients without hope cost little.
            if (!found)
                slices.ExhaustedUntil = Now + 2;
        });

    private Task BorrowAsync(PoolSlices slices, LeaseKey key) => AskAsync(
        slices,
        () => store.IsFreeAsync(key, CancellationToken.None),
        free =>
        {
            if (free)
                slices.Borrow(key);
            else
                slices.Refuse(key, Now);
        });

    private async Task AskAsync<T>(PoolSlices slices, Func<Task<T>> ask, Action<T> accept)
    {
        var answered = false;
        T answer = default!;
        try
        {
            answer = await ask().ConfigureAwait(false);
            answered = true;
        }
        catch (IOException)
        {
            // The store has logged it; who waits finds the pool as it is, and the client asks again.
        }

        IActorRef[] waiters;
        lock (gate)
        {
            if (answered)
                accept(answer);
            else
                slices.ExhaustedUntil = Now + 1;
            slices.Asking = false;
            waiters = [.. slices.Waiters];
            slices.Waiters.Clear();
        }

        foreach (var waiter in waiters)
            waiter.Tell(AllocationProgress.Instance);
    }
}

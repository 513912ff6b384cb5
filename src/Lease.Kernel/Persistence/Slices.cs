namespace Lease.Kernel.Persistence;

/// <summary>
/// A pool as the slice table knows it: equally sized units (addresses, prefixes, or port sets of addresses) numbered from 0, cut into slices of <see cref="SliceSize"/> units.
/// The identity is the range itself, so a pool that moves within the configuration keeps its slices.
/// </summary>
/// <param name="Start">The first unit's address.</param>
/// <param name="UnitLength">Prefix length of a unit: 128 for addresses.</param>
/// <param name="Units">Number of units, at least 1.</param>
/// <param name="SliceSize">Units in a slice, 1..256; the last slice may be shorter.</param>
/// <param name="Ports">The first port set of each address, as in <see cref="LeaseKey.Ports"/>; those up to the last PSID of its length follow. 0 when addresses are not shared.</param>
public sealed record PoolRange(UInt128 Start, byte UnitLength, UInt128 Units, int SliceSize, uint Ports = 0)
{
    private const int LeftForOthers = 256;

    /// <summary>How many slices a shard may take at once of a pool that has <paramref name="unowned"/> left: few enough that others find some, too.</summary>
    public static int SlicesToTake(int atMost, long unowned) => (int)Math.Clamp(unowned / LeftForOthers, 1, atMost);

    /// <summary>Number of slices, capped at <see cref="long.MaxValue"/>.</summary>
    public long SliceCount
    {
        get
        {
            var count = (Units + (uint)SliceSize - 1) / (uint)SliceSize;
            return count > long.MaxValue ? long.MaxValue : (long)count;
        }
    }

    /// <summary>Text identity, stored in the slice table: <c>start/unit-length/units/slice-size</c> in hexadecimal start.</summary>
    public string Id => $"{Start:x32}/{UnitLength}/{Units}/{SliceSize}/{Ports:x}";

    /// <summary>Distance between two units as an address.</summary>
    public UInt128 UnitStep => UInt128.One << (128 - UnitLength);

    /// <summary>Units of one address: port sets, or 1.</summary>
    public uint UnitsPerAddress => Ports == 0 ? 1 : (1u << (byte)(Ports >> 16)) - (ushort)Ports;

    /// <summary>The lease key of unit <paramref name="unit"/> (0..Units-1).</summary>
    public LeaseKey KeyOf(UInt128 unit)
    {
        if (Ports == 0)
            return new(Start + (unit * UnitStep), UnitLength);
        var (address, ports) = UInt128.DivRem(unit, UnitsPerAddress);
        return new(Start + (address * UnitStep), UnitLength, Ports + (uint)ports);
    }

    /// <summary>Whether <paramref name="key"/> is a unit of this pool, and which.</summary>
    public bool TryUnitOf(LeaseKey key, out UInt128 unit)
    {
        unit = 0;
        if (key.Length != UnitLength || key.Address < Start || key.Ports < Ports || key.Ports - Ports >= UnitsPerAddress)
            return false;
        var number = (key.Address - Start) / UnitStep;
        unit = (number * UnitsPerAddress) + (key.Ports - Ports);
        return unit < Units && Start + (number * UnitStep) == key.Address;
    }

    /// <summary>Whether <paramref name="key"/> overlaps units of this pool, and from which to which.</summary>
    public bool TryUnitsOf(LeaseKey key, out UInt128 first, out UInt128 last)
    {
        if (Ports != 0 || key.Ports != 0)
        {
            var isUnit = TryUnitOf(key, out first);
            last = first;
            return isUnit;
        }

        var end = KeyOf(Units - 1).Last;
        first = key.Address <= Start ? 0 : (key.Address - Start) / UnitStep;
        last = key.Last >= end ? Units - 1 : (key.Last - Start) / UnitStep;
        return key.Last >= Start && key.Address <= end;
    }
}

/// <summary>Who allocates from which part of a pool. A lease row stays the last guard: a slice only keeps shards out of each other's way.</summary>
public interface ISliceStore
{
    /// <summary>The slices that <paramref name="shard"/> owns in <paramref name="pools"/>, with what is taken in them.</summary>
    Task<IReadOnlyList<Slice>> LoadSlicesAsync(int shard, IReadOnlyList<PoolRange> pools, CancellationToken cancellation);

    /// <summary>
    /// Gives the shard the first slices of the pool that nobody owns: up to <paramref name="atMost"/> while there are plenty, then one at a time; none when every slice has an owner.
    /// </summary>
    Task<IReadOnlyList<Slice>> TakeSlicesAsync(PoolRange pool, int shard, int atMost, CancellationToken cancellation);

    /// <summary>
    /// Up to <paramref name="limit"/> units of the pool of which no binding holds anything, whoever owns their slices: the last resort when
    /// every slice has an owner, so that a pool can be used up to its last unit. Different shards are given different units where there are
    /// enough.
    /// </summary>
    Task<IReadOnlyList<LeaseKey>> FindFreeUnitsAsync(PoolRange pool, int shard, int limit, CancellationToken cancellation);

    /// <summary>Whether no binding holds this unit or what overlaps it: for a unit that a client asks for, outside of the shard's
    /// slices.</summary>
    Task<bool> IsFreeAsync(LeaseKey key, CancellationToken cancellation);
}

/// <summary>A slice and its lease rows.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Number">0..SliceCount-1; its first unit is Number * SliceSize.</param>
/// <param name="Leases">The lease rows of its units, and the leases of other lengths that overlap them, whichever binding they belong
/// to.</param>
public sealed record Slice(PoolRange Pool, long Number, IReadOnlyList<SliceLease> Leases);

/// <summary>A lease row within a slice.</summary>
public readonly record struct SliceLease(LeaseKey Key, LeaseState State, long ChangedAt);

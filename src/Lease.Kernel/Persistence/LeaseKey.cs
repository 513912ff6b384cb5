namespace Lease.Kernel.Persistence;

/// <summary>What a lease gives away: an address, a prefix, or an address with a port set.</summary>
/// <param name="Address">The address or the prefix's first address as a number, most significant octet first. An IPv4 address is IPv4-mapped (::ffff:a.b.c.d).</param>
/// <param name="Length">Prefix length, 0..128; 128 for an address.</param>
/// <param name="Ports">Port set: offset in the upper 8 bits, PSID length in the next 8, PSID in the lower 16 (RFC 7597 section 5.1); 0 when the address is not shared.</param>
public readonly record struct LeaseKey(UInt128 Address, byte Length, uint Ports = 0)
{
    /// <summary>As <see cref="Ports"/>: the row only keeps something to one binding, and walks do not find the binding by it.</summary>
    public const uint GuardOnly = uint.MaxValue;

    /// <summary>The last address.</summary>
    public UInt128 Last => Address | ~MaskOf(Length);

    /// <summary>The first address of the prefix of <paramref name="length"/> that contains <paramref name="address"/>.</summary>
    public static UInt128 FirstOf(UInt128 address, int length) => address & MaskOf(length);

    /// <summary>Whether the two have an address in common. What has ports (a port set, a row that only guards) overlaps its equal
    /// only.</summary>
    public bool Overlaps(LeaseKey other) => Ports == 0 && other.Ports == 0 ? Address <= other.Last && other.Address <= Last : this == other;

    private static UInt128 MaskOf(int length) => length == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - length);
}

/// <summary>State of a lease row. The numbers are stored: never reuse one.</summary>
public enum LeaseState : byte
{
    /// <summary>Free for any client; the row remembers who had it last.</summary>
    Free = 0,

    /// <summary>Held by its binding.</summary>
    Active = 1,

    /// <summary>Declined by a client: nobody's until its probation ends.</summary>
    Declined = 2,
}

/// <summary>
/// One lease row to set with a journal write. <see cref="LeaseState.Active"/> and <see cref="LeaseState.Declined"/> claim the lease:
/// the write fails as <see cref="JournalOutcome.LeaseConflict"/> when another binding holds it, or what overlaps it.
/// <see cref="LeaseState.Free"/> frees it, and has no effect when another binding holds it.
/// </summary>
/// <param name="Key">The lease.</param>
/// <param name="State">What it shall be.</param>
/// <param name="IsNew">As far as the one who writes it knows the lease has no row yet, so that one can be inserted without looking for it. A hint: it may be wrong.</param>
public readonly record struct LeaseChange(LeaseKey Key, LeaseState State, bool IsNew = false);

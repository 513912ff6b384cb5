using System.Collections.Immutable;
using Lease.Actors.Classification;
using Lease.Kernel.Persistence;
using Lease.Protocol;

namespace Lease.Actors.Configuration;

/// <summary>Units of one kind that a subnet has to give.</summary>
public abstract class Pool
{
    /// <summary>The range as the slice table knows it; the unit length of a prefix pool is the delegated length.</summary>
    public required PoolRange Range { get; init; }

    /// <summary>The pool's own options; <see cref="Subnet.Options"/> holds the less specific levels.</summary>
    public required OptionSet Options { get; init; }

    /// <summary>Who may have units of it; null: everybody.</summary>
    public ClassGuard? Guard { get; init; }

    /// <summary>Classes that are evaluated for the options of who has units of it (<c>require-client-classes</c>).</summary>
    public ImmutableArray<ClientClass> RequiredClasses { get; init; } = [];
}

/// <summary>An entry of <c>pools</c>: addresses from first to last.</summary>
public sealed class AddressPool : Pool;

/// <summary>An entry of <c>pd-pools</c>: prefixes of one length.</summary>
public sealed class PrefixPool : Pool
{
    /// <summary>The pool's prefix.</summary>
    public required Ipv6Prefix Prefix { get; init; }

    /// <summary>Prefix that a client must not use (RFC 6603), as its offset within each delegated prefix; null for none.</summary>
    public ExcludedPrefix? Excluded { get; init; }
}

/// <summary>An excluded prefix (RFC 6603).</summary>
/// <param name="Length">Its length, longer than the delegated length, at most 128.</param>
/// <param name="Bits">The bits between the delegated length and <paramref name="Length"/>, at their place in a 128-bit address.</param>
public sealed record ExcludedPrefix(byte Length, UInt128 Bits);

/// <summary>Cuts pools into slices.</summary>
public static class PoolSlicing
{
    /// <summary>The largest slice.</summary>
    public const int MaxSliceSize = 256;

    /// <summary>
    /// Units in a slice of a pool of <paramref name="units"/>: small enough that every shard finds several slices, and at most <see cref="MaxSliceSize"/>.
    /// Part of the pool's identity, so it depends on nothing but its arguments.
    /// </summary>
    public static int SliceSize(UInt128 units, int shardCount)
    {
        var share = units / ((UInt128)(uint)shardCount * 4);
        return share < 1 ? 1 : share > MaxSliceSize ? MaxSliceSize : (int)share;
    }
}

using System.Collections.Immutable;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;

namespace Lease.Actors.Bindings;

/// <summary>Looks up subnets and pools of a link for leases.</summary>
internal static class LinkLookup
{
    /// <summary>The subnet of the link with this number; null when the configuration has none.</summary>
    public static Subnet? FindSubnet(this Link link, uint id)
    {
        foreach (var subnet in link.Subnets)
        {
            if (subnet.Id == id)
                return subnet;
        }

        return null;
    }

    /// <summary>Whether the address lies in a subnet of the link.</summary>
    public static bool Contains(this Link link, Ipv6Address address)
    {
        foreach (var subnet in link.Subnets)
        {
            if (subnet.Prefix.Contains(address))
                return true;
        }

        return false;
    }

    /// <summary>The pool range that a lease is a unit of; null when it is from no pool (a reservation outside).</summary>
    public static PoolRange? FindRange(this Link link, IaKind kind, LeaseKey key)
    {
        foreach (var subnet in link.Subnets)
        {
            if (subnet.FindPool(kind, key) is { } pool)
                return pool.Range;
        }

        return null;
    }

    /// <summary>The pool that a lease is a unit of; null when it is from none.</summary>
    public static Pool? FindPool(this Subnet subnet, IaKind kind, LeaseKey key)
    {
        foreach (var pool in subnet.PoolsFor(kind))
        {
            if (pool.Range.TryUnitOf(key, out _))
                return pool;
        }

        return null;
    }

    /// <summary>The pools for a kind of association.</summary>
    public static ImmutableArray<Pool> PoolsFor(this Subnet subnet, IaKind kind)
        => kind == IaKind.PrefixDelegation ? ImmutableArray<Pool>.CastUp(subnet.PrefixPools) : ImmutableArray<Pool>.CastUp(subnet.Pools);

    /// <summary>Whether a lease granted <paramref name="age"/> seconds ago is answered as it is, without a commit (<c>cache-threshold</c>, <c>cache-max-age</c>).</summary>
    public static bool IsFresh(this Subnet subnet, BoundLease lease, long age)
        => subnet.CacheThreshold > 0 && age >= 0 && lease.Valid != BoundLease.Infinity && age < lease.Valid * subnet.CacheThreshold
            && (subnet.CacheMaxAge is not { } limit || age <= limit.TotalSeconds);

    public static Ipv6Prefix ToPrefix(this LeaseKey key) => new(new Ipv6Address(key.Address), key.Length);
}

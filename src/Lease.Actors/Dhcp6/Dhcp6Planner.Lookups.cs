using System.Collections.Immutable;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Dhcp6;

/// <content>What the planner looks up: lifetimes, who holds or may have a unit, what a client's options say.</content>
internal sealed partial class Dhcp6Planner
{
    private void SetUnavailable(IaAnswer answer)
    {
        if (!HasLife(answer))
            answer.Status = answer.Kind == IaKind.PrefixDelegation ? StatusCode.NoPrefixAvail : StatusCode.NoAddrsAvail;
    }

    private (uint Preferred, uint Valid) LifetimesOf(Subnet subnet, IaOption ia, LeaseKey key)
    {
        var (hintedPreferred, hintedValid) = (0u, 0u);
        foreach (var inner in ia.Options)
        {
            if (TryReadLease(inner, out var hinted, out var preferred, out var valid) && (hinted == key || hintedValid == 0))
                (hintedPreferred, hintedValid) = (preferred, valid);
        }

        var limits = exchange.LifetimesOn(subnet);
        var granted = Within(hintedValid, limits.MinValid, limits.Valid, limits.MaxValid);
        return (Math.Min(Within(hintedPreferred, limits.MinPreferred, limits.Preferred, limits.MaxPreferred), granted), granted);
    }

    private static uint Within(uint hint, uint least, uint usual, uint most) => hint == 0 ? usual : Math.Clamp(hint, least, most);

    private static uint Less(uint lifetime, long age) => lifetime == BoundLease.Infinity ? lifetime : (uint)Math.Max(0, lifetime - age);

    private bool Has(IaAnswer answer)
    {
        foreach (var lease in Working)
        {
            if (lease.Kind == answer.Kind && lease.Iaid == answer.Iaid && lease.IsActiveAt(Now))
                return true;
        }

        return false;
    }

    private int IndexOf(IaAnswer answer, LeaseKey key)
    {
        for (var i = 0; i < Working.Count; i++)
        {
            var lease = Working[i];
            if (lease.Kind == answer.Kind && lease.Iaid == answer.Iaid && lease.Key == key && lease.IsActiveAt(Now))
                return i;
        }

        return -1;
    }

    private bool IsHeld(LeaseKey key)
    {
        foreach (var lease in Working)
        {
            if (lease.Key == key && lease.IsActiveAt(Now))
                return true;
        }

        return false;
    }

    private static bool HasLife(IaAnswer answer) => answer.Leases.Exists(static l => l.Valid > 0);

    private static bool IsNamed(IaAnswer answer, LeaseKey key)
    {
        foreach (var lease in answer.Leases)
        {
            if (lease.Key == key)
                return true;
        }

        return false;
    }

    private static bool IsOffered(IaAnswer answer, LeaseKey key)
    {
        foreach (var lease in answer.Leases)
        {
            if (lease.Key == key && lease.Valid > 0)
                return true;
        }

        return false;
    }

    private bool IsOffered(LeaseKey key)
    {
        foreach (var ia in Answer.Ias)
        {
            if (IsOffered(ia, key))
                return true;
        }

        return false;
    }

    private bool AsksOffLink(IaOption ia)
    {
        foreach (var inner in ia.Options)
        {
            if (IaAddressOption.TryRead(inner, out var hint) && !hint.Address.IsUnspecified && !exchange.Link.Contains(hint.Address))
                return true;
        }

        return false;
    }

    private Subnet? SubnetOfReserved(LeaseKey key) => key.Length == 128 ? exchange.SubnetOf(key) : exchange.Subnet;

    private static bool TryReadLease(Option option, out LeaseKey key, out uint preferred, out uint valid)
    {
        (key, preferred, valid) = (default, 0, 0);
        if (IaAddressOption.TryRead(option, out var address))
        {
            (key, preferred, valid) = (new LeaseKey(address.Address.Value, 128), address.Preferred, address.Valid);
            return true;
        }

        if (!IaPrefixOption.TryRead(option, out var prefix))
            return false;
        (key, preferred, valid) = (new LeaseKey(prefix.Prefix.First.Value, prefix.Prefix.Length), prefix.Preferred, prefix.Valid);
        return true;
    }

    // What the client asks for, what was advertised to it, what it had: in this order.
    private int CollectWanted(IaAnswer answer, IaOption ia, Span<LeaseKey> wanted)
    {
        var count = 0;
        foreach (var inner in ia.Options)
        {
            if (count < 4 && TryReadLease(inner, out var key, out _, out _) && key.Address != 0)
                wanted[count++] = key;
        }

        foreach (var offer in Offers)
        {
            if (count < 6 && offer.Kind == answer.Kind && offer.Iaid == answer.Iaid)
                wanted[count++] = offer.Key;
        }

        for (var i = Working.Count - 1; i >= 0 && count < wanted.Length; i--)
        {
            if (Working[i].Kind == answer.Kind && Working[i].Phase is LeasePhase.Released or LeasePhase.Expired)
                wanted[count++] = Working[i].Key;
        }

        return count;
    }

    // Prefix pools of the length that the client hints at come first (RFC 8168 section 3.2).
    private static ImmutableArray<Pool> PoolsOf(Subnet subnet, IaKind kind, IaOption ia)
    {
        if (kind != IaKind.PrefixDelegation)
            return subnet.PoolsFor(kind);
        var length = 0;
        foreach (var inner in ia.Options)
        {
            if (IaPrefixOption.TryRead(inner, out var hint))
                length = hint.Prefix.Length;
        }

        var pools = subnet.PoolsFor(kind);
        return length == 0 || pools.Length < 2 ? pools : [.. pools.OrderBy(p => p.Range.UnitLength == length ? 0 : 1)];
    }

    private Ipv6Prefix? ExcludedOf(LeaseKey key, PrefixPool? pool)
    {
        var excluded = pool?.Excluded;
        for (var i = 0; Reservation is not null && i < Reservation.Prefixes.Count && i < Reservation.ExcludedPrefixes.Count; i++)
        {
            if (Reservation.Prefixes[i].First.Value == key.Address && Reservation.Prefixes[i].Length == key.Length)
                excluded = Reservation.ExcludedPrefixes[i];
        }

        return excluded is null ? null : new Ipv6Prefix(new Ipv6Address(key.Address | excluded.Bits), excluded.Length);
    }
}

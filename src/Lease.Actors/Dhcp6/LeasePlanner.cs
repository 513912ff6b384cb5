using Lease.Actors.Allocation;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Dhcp6;

/// <summary>
/// Decides what a client's message does to its binding and what is answered (RFC 8415 section 18.3). Changes nothing but the allocator's holds: the decision
/// takes effect when it is committed. Made anew for each try of an exchange.
/// </summary>
internal sealed partial class LeasePlanner
{
    // Ended leases that a binding remembers, so that a returning client gets what it had.
    private const int MaxEndedLeases = 8;

    private readonly ClientExchange exchange;
    private readonly IReadOnlyList<BoundLease> offers;
    private readonly IReadOnlySet<LeaseKey> conflicts;
    private readonly ShardAllocator allocator;
    private readonly IActorRef waiter;
    private readonly Reservation? reservation;
    private readonly List<BoundLease> leases;
    private readonly List<LeaseChange> changes = [];
    private readonly MessageType type;
    private readonly long now;
    private readonly bool commits;
    private bool changed;

    public LeasePlanner(
        ClientExchange exchange,
        Binding? binding,
        IReadOnlyList<BoundLease> offers,
        IReadOnlySet<LeaseKey> conflicts,
        ShardAllocator allocator,
        IActorRef waiter,
        long now)
    {
        this.exchange = exchange;
        this.offers = offers;
        this.conflicts = conflicts;
        this.allocator = allocator;
        this.waiter = waiter;
        this.now = now;
        leases = binding is null ? [] : [.. binding.Leases];
        var message = exchange.Message;
        type = message.Type;
        message.Options.TryGet(OptionCode.ClientId, out var duid);
        reservation = ReservationLookup.Find(exchange, duid, ReservationLookup.HardwareAddressOf(exchange, duid));
        var rapid = type == MessageType.Solicit && exchange.Subnet.RapidCommit && message.Options.Contains(OptionCode.RapidCommit);
        commits = type != MessageType.Solicit || rapid;
        Answer = new Answer
        {
            Type = commits ? MessageType.Reply : MessageType.Advertise,
            RapidCommit = rapid,
            WithOptions = type is not (MessageType.Release or MessageType.Decline),
            Reservation = reservation,
        };
    }

    /// <summary>What is answered.</summary>
    public Answer Answer { get; }

    /// <summary>The binding's leases after the commit, or those advertised.</summary>
    public IReadOnlyList<BoundLease> Leases => leases;

    /// <summary>The lease rows that change.</summary>
    public IReadOnlyList<LeaseChange> Changes => changes;

    /// <summary>Whether the answer may only leave after a commit.</summary>
    public bool NeedsCommit => commits && changed;

    /// <summary>Decides.</summary>
    /// <returns>False when the store has to answer first: the waiter is told, then a new planner tries again.</returns>
    public bool TryPlan()
    {
        switch (type)
        {
            case MessageType.Release or MessageType.Decline:
                PlanEnd();
                return true;
            case MessageType.Renew or MessageType.Rebind:
                return TryPlanExtend();
            default:
                return TryPlanAssign();
        }
    }

    private static IaKind KindOf(OptionCode code) => code switch
    {
        OptionCode.IaTa => IaKind.Temporary,
        OptionCode.IaPd => IaKind.PrefixDelegation,
        _ => IaKind.NonTemporary,
    };

    // SOLICIT and REQUEST, sections 18.3.1 and 18.3.2.
    private bool TryPlanAssign()
    {
        foreach (var option in exchange.Message.Options)
        {
            if (!IaOption.TryRead(option, out var ia))
                continue;
            var answer = new IaAnswer(KindOf(ia.Code), ia.Iaid);
            Answer.Ias.Add(answer);
            if (type == MessageType.Request && answer.Kind != IaKind.PrefixDelegation && AsksOffLink(ia))
            {
                answer.Status = StatusCode.NotOnLink;
                continue;
            }

            Keep(answer, ia);
            if (!TryReserve(answer, ia) || (!HasLife(answer) && !TryAllocate(answer, ia)))
                return false;
            SetUnavailable(answer);
        }

        return true;
    }

    // RENEW and REBIND, sections 18.3.4 and 18.3.5.
    private bool TryPlanExtend()
    {
        foreach (var option in exchange.Message.Options)
        {
            if (!IaOption.TryRead(option, out var ia))
                continue;
            var answer = new IaAnswer(KindOf(ia.Code), ia.Iaid);
            Answer.Ias.Add(answer);
            var known = Has(answer);
            if (known)
            {
                Keep(answer, ia);
                if (!TryReserve(answer, ia))
                    return false;
            }

            TakeAwayUnknown(answer, ia, known);
            if (known && !HasLife(answer) && !TryAllocate(answer, ia))
                return false;
            if (known)
                SetUnavailable(answer);
            else if (answer.Leases.Count == 0)
                answer.Status = StatusCode.NoBinding;
        }

        return true;
    }

    // RELEASE and DECLINE, sections 18.3.7 and 18.3.8.
    private void PlanEnd()
    {
        Answer.Status = StatusCode.Success;
        foreach (var option in exchange.Message.Options)
        {
            if (!IaOption.TryRead(option, out var ia))
                continue;
            var kind = KindOf(ia.Code);
            if (type == MessageType.Decline && kind == IaKind.PrefixDelegation)
                continue;
            var answer = new IaAnswer(kind, ia.Iaid);
            if (!Has(answer))
            {
                answer.Status = StatusCode.NoBinding;
                Answer.Ias.Add(answer);
                continue;
            }

            foreach (var inner in ia.Options)
            {
                if (TryReadLease(inner, out var key, out _, out _) && IndexOf(answer, key) is >= 0 and var index)
                    End(index, type == MessageType.Release ? LeasePhase.Released : LeasePhase.Declined);
            }
        }
    }

    // The leases that the association has: extended, or taken away where they do not fit the link or are reserved for another.
    private void Keep(IaAnswer answer, IaOption ia)
    {
        for (var i = leases.Count - 1; i >= 0; i--)
        {
            var lease = leases[i];
            if (lease.Kind != answer.Kind || lease.Iaid != answer.Iaid || !lease.IsActiveAt(now))
                continue;
            var subnet = exchange.Link.FindSubnet(lease.Subnet);
            if (subnet is null || IsForOther(lease.Key) || (lease.Key.Length == 128 && !subnet.Prefix.Contains(new Ipv6Address(lease.Key.Address))))
            {
                answer.Leases.Add(new LeaseAnswer(lease.Key, 0, 0));
                if (commits)
                    End(i, LeasePhase.Released);
                continue;
            }

            Extend(i, answer, subnet, ia);
        }
    }

    private void Extend(int index, IaAnswer answer, Subnet subnet, IaOption ia)
    {
        var lease = leases[index];
        var age = (now - lease.ChangedAt) / 1000;
        var remembered = subnet.CacheThreshold > 0 && age >= 0 && lease.Valid != BoundLease.Infinity && age < lease.Valid * subnet.CacheThreshold
            && (subnet.CacheMaxAge is not { } limit || age <= limit.TotalSeconds);
        if (remembered)
        {
            // cache-threshold: what is left of the lease, and no commit.
            AddAnswer(answer, subnet, lease.Key, Less(lease.Preferred, age), Less(lease.Valid, age));
            return;
        }

        var (preferred, valid) = LifetimesOf(subnet, ia, lease.Key);
        AddAnswer(answer, subnet, lease.Key, preferred, valid);
        leases[index] = lease with { Preferred = preferred, Valid = valid, ChangedAt = now };
        changes.Add(new LeaseChange(lease.Key, LeaseState.Active));
        changed = true;
    }

    // A reserved unit that no association of the client has yet replaces what was allocated (Kea: reservations are checked at every renewal).
    private bool TryReserve(IaAnswer answer, IaOption ia)
    {
        foreach (var key in ReservationLookup.UnitsOf(reservation, answer.Kind))
        {
            if (answer.Leases.Exists(l => l.Key == key && l.Valid > 0))
                return true;
        }

        foreach (var key in ReservationLookup.UnitsOf(reservation, answer.Kind))
        {
            if (conflicts.Contains(key) || leases.Exists(l => l.Key == key && l.IsActiveAt(now)) || IsOffered(key))
                continue;
            if (SubnetOfReserved(key) is not { } subnet)
                continue;
            for (var i = answer.Leases.Count - 1; i >= 0; i--)
                TakeAway(answer, i);
            Grant(answer, subnet, key, ia);
            return true;
        }

        return true;
    }

    private bool TryAllocate(IaAnswer answer, IaOption ia)
    {
        Span<LeaseKey> wanted = stackalloc LeaseKey[8];
        wanted = wanted[..CollectWanted(answer, ia, wanted)];
        foreach (var subnet in exchange.SubnetsInOrder())
        {
            foreach (var range in RangesOf(subnet, answer.Kind, ia))
            {
                var result = allocator.TryAllocate(
                    range, wanted, exchange.Key.Hash, exchange.Settings.Configuration.OfferLifetime, IsUsable, waiter, out var key);
                if (result == AllocationResult.Pending)
                    return false;
                if (result != AllocationResult.Allocated)
                    continue;
                Grant(answer, subnet, key, ia);
                return true;
            }
        }

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

        foreach (var offer in offers)
        {
            if (count < 6 && offer.Kind == answer.Kind && offer.Iaid == answer.Iaid)
                wanted[count++] = offer.Key;
        }

        for (var i = leases.Count - 1; i >= 0 && count < wanted.Length; i--)
        {
            if (leases[i].Kind == answer.Kind && leases[i].Phase is LeasePhase.Released or LeasePhase.Expired)
                wanted[count++] = leases[i].Key;
        }

        return count;
    }

    // Prefix pools of the length that the client hints at come first (RFC 8168 section 3.2).
    private static IReadOnlyList<PoolRange> RangesOf(Subnet subnet, IaKind kind, IaOption ia)
    {
        if (kind != IaKind.PrefixDelegation)
            return subnet.AddressRanges;
        var length = 0;
        foreach (var inner in ia.Options)
        {
            if (IaPrefixOption.TryRead(inner, out var hint))
                length = hint.Prefix.Length;
        }

        return length == 0 || subnet.PrefixRanges.Count < 2 ? subnet.PrefixRanges : [.. subnet.PrefixRanges.OrderBy(r => r.UnitLength == length ? 0 : 1)];
    }

    private void Grant(IaAnswer answer, Subnet subnet, LeaseKey key, IaOption ia)
    {
        var (preferred, valid) = LifetimesOf(subnet, ia, key);
        AddAnswer(answer, subnet, key, preferred, valid);
        leases.RemoveAll(l => l.Key == key);
        leases.Add(new BoundLease(answer.Kind, answer.Iaid, key, LeasePhase.Active, subnet.Id, preferred, valid, now));
        changes.Add(new LeaseChange(key, LeaseState.Active));
        changed = true;
    }

    private void AddAnswer(IaAnswer answer, Subnet subnet, LeaseKey key, uint preferred, uint valid)
    {
        answer.Subnet ??= subnet;
        if (answer.Kind != IaKind.PrefixDelegation)
        {
            answer.Leases.Add(new LeaseAnswer(key, preferred, valid, Excluded: null, LinkLookup.FindAddressPool(subnet, key)?.Options));
            return;
        }

        var pool = LinkLookup.FindPrefixPool(subnet, key);
        answer.Leases.Add(new LeaseAnswer(key, preferred, valid, ExcludedOf(key, pool), pool?.Options));
    }

    private Ipv6Prefix? ExcludedOf(LeaseKey key, PrefixPool? pool)
    {
        var excluded = pool?.Excluded;
        for (var i = 0; reservation is not null && i < reservation.Prefixes.Count && i < reservation.ExcludedPrefixes.Count; i++)
        {
            if (reservation.Prefixes[i].First.Value == key.Address && reservation.Prefixes[i].Length == key.Length)
                excluded = reservation.ExcludedPrefixes[i];
        }

        return excluded is null ? null : new Ipv6Prefix(new Ipv6Address(key.Address | excluded.Bits), excluded.Length);
    }

    private void TakeAway(IaAnswer answer, int position)
    {
        var taken = answer.Leases[position];
        if (taken.Valid == 0)
            return;
        answer.Leases[position] = new LeaseAnswer(taken.Key, 0, 0);
        changes.RemoveAll(c => c.Key == taken.Key);
        if (commits && IndexOf(answer, taken.Key) is >= 0 and var index)
            End(index, LeasePhase.Released);
    }

    // Sections 18.3.4 and 18.3.5: what the client has and the server does not know of goes back with lifetimes 0 where the server can tell that it is wrong.
    private void TakeAwayUnknown(IaAnswer answer, IaOption ia, bool known)
    {
        foreach (var inner in ia.Options)
        {
            if (!TryReadLease(inner, out var key, out _, out _) || answer.Leases.Exists(l => l.Key == key))
                continue;
            var offLink = answer.Kind != IaKind.PrefixDelegation && !exchange.Link.Contains(new Ipv6Address(key.Address));
            if (known || offLink)
                answer.Leases.Add(new LeaseAnswer(key, 0, 0));
        }
    }

    private void End(int index, LeasePhase phase)
    {
        var lease = leases[index];
        var probation = phase == LeasePhase.Declined ? now + (long)exchange.Settings.Configuration.DeclineProbation.TotalMilliseconds : 0;
        leases[index] = lease with { Phase = phase, ChangedAt = now, ProbationEndsAt = probation };
        changes.Add(new LeaseChange(lease.Key, phase == LeasePhase.Declined ? LeaseState.Declined : LeaseState.Free));
        changed = true;
        ForgetOldest(leases);
    }

    private static void ForgetOldest(List<BoundLease> leases)
    {
        while (leases.Count(static l => l.EndsAt == 0) > MaxEndedLeases)
            leases.RemoveAt(leases.FindIndex(static l => l.EndsAt == 0));
    }
}

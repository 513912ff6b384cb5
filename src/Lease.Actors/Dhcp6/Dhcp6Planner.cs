using Lease.Actors.Allocation;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Dhcp6;

/// <summary>Decides by RFC 8415 section 18.3.</summary>
internal sealed partial class Dhcp6Planner : LeasePlanner
{
    /// <summary>Leases that a client may have on a link, beside what is reserved for it: far more than any has, so that one alone cannot use up a pool, or the server's time.</summary>
    public const int MaxLeases = 256;

    private readonly Dhcp6Exchange exchange;
    private readonly MessageType type;
    private readonly bool commits;

    public Dhcp6Planner(Dhcp6Exchange exchange, in PlanningContext context)
        : base(exchange, context)
    {
        this.exchange = exchange;
        var message = exchange.Message;
        type = message.Type;
        var rapid = type == MessageType.Solicit && exchange.Subnet.RapidCommit && message.Options.Contains(OptionCode.RapidCommit);
        commits = type != MessageType.Solicit || rapid;
        Answer = new Answer
        {
            Type = commits ? MessageType.Reply : MessageType.Advertise,
            RapidCommit = rapid,
            WithOptions = type is not (MessageType.Release or MessageType.Decline),
            Reservation = Reservation,
            Classes = exchange.Classes,
        };
    }

    /// <summary>What is answered.</summary>
    public Answer Answer { get; }

    /// <inheritdoc/>
    public override bool NeedsCommit => commits && HasChanged;

    /// <inheritdoc/>
    public override bool IsOffer => Answer.Type == MessageType.Advertise;

    /// <inheritdoc/>
    public override byte Cause => (byte)type;

    /// <inheritdoc/>
    public override bool TryPlan()
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

    /// <inheritdoc/>
    public override Binding Result() => BindingUpdate.After(exchange, Leases, Now);

    /// <inheritdoc/>
    public override void Send(ILogger logger)
    {
        foreach (var ia in Answer.Ias)
        {
            if (ia.Status is StatusCode.NoAddrsAvail or StatusCode.NoPrefixAvail)
                logger.NothingFree(exchange.Link.Name, new ClientText(exchange.Key), ia.Status);
        }

        exchange.Send(Answer);
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

    // The leases that the association has: extended, or taken away where they do not fit the link, are reserved for another or not for the client's classes.
    private void Keep(IaAnswer answer, IaOption ia)
    {
        for (var i = Working.Count - 1; i >= 0; i--)
        {
            var lease = Working[i];
            if (lease.Kind != answer.Kind || lease.Iaid != answer.Iaid || !lease.IsActiveAt(Now))
                continue;
            var subnet = exchange.Link.FindSubnet(lease.Subnet);
            if (subnet is null || !MayKeep(subnet, lease) || IsForOther(lease.Key) || (lease.Key.Length == 128 && !subnet.Prefix.Contains(new Ipv6Address(lease.Key.Address))))
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
        var lease = Working[index];
        var age = (Now - lease.ChangedAt) / 1000;
        if (IsFresh(subnet, lease, age))
        {
            // What is left of the lease, and no commit.
            AddAnswer(answer, subnet, lease.Key, Less(lease.Preferred, age), Less(lease.Valid, age));
            return;
        }

        var (preferred, valid) = LifetimesOf(subnet, ia, lease.Key);
        AddAnswer(answer, subnet, lease.Key, preferred, valid);
        Extend(index, lease with { Preferred = preferred, Valid = valid, ChangedAt = Now });
    }

    // A reserved unit that no association of the client has yet replaces what was allocated (Kea: reservations are checked at every renewal).
    private bool TryReserve(IaAnswer answer, IaOption ia)
    {
        foreach (var key in ReservationLookup.UnitsOf(Reservation, answer.Kind))
        {
            if (IsOffered(answer, key))
                return true;
        }

        foreach (var key in ReservationLookup.UnitsOf(Reservation, answer.Kind))
        {
            if (IsConflict(key) || IsHeld(key) || IsOffered(key))
                continue;
            if (SubnetOfReserved(key) is not { } subnet || !MayUse(subnet))
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
        if (Working.Count >= MaxLeases)
            return true;
        Span<LeaseKey> wanted = stackalloc LeaseKey[8];
        wanted = wanted[..CollectWanted(answer, ia, wanted)];

        // An offer to another client gives way only when no pool has anything free.
        var result = TryAllocate(answer, ia, wanted, AllocationReach.Free);
        if (result == AllocationResult.Exhausted)
            result = TryAllocate(answer, ia, wanted, AllocationReach.Offers);
        return result != AllocationResult.Pending;
    }

    private AllocationResult TryAllocate(IaAnswer answer, IaOption ia, ReadOnlySpan<LeaseKey> wanted, AllocationReach reach)
    {
        foreach (var subnet in exchange.SubnetsInOrder())
        {
            if (!MayUse(subnet))
                continue;
            foreach (var pool in PoolsOf(subnet, answer.Kind, ia))
            {
                if (!MayUse(pool))
                    continue;
                var result = Allocate(pool.Range, wanted, out var key, reach);
                if (result == AllocationResult.Allocated)
                    Grant(answer, subnet, key, ia);
                if (result != AllocationResult.Exhausted)
                    return result;
            }
        }

        return AllocationResult.Exhausted;
    }

    private void Grant(IaAnswer answer, Subnet subnet, LeaseKey key, IaOption ia)
    {
        var (preferred, valid) = LifetimesOf(subnet, ia, key);
        AddAnswer(answer, subnet, key, preferred, valid);
        Claim(new BoundLease(answer.Kind, answer.Iaid, key, LeasePhase.Active, subnet.Id, preferred, valid, Now));
    }

    private void AddAnswer(IaAnswer answer, Subnet subnet, LeaseKey key, uint preferred, uint valid)
    {
        answer.Subnet ??= subnet;
        var pool = subnet.FindPool(answer.Kind, key);
        var excluded = answer.Kind == IaKind.PrefixDelegation ? ExcludedOf(key, pool as PrefixPool) : null;
        answer.Leases.Add(new LeaseAnswer(key, preferred, valid, excluded, pool));
    }

    private void TakeAway(IaAnswer answer, int position)
    {
        var taken = answer.Leases[position];
        if (taken.Valid == 0)
            return;
        answer.Leases[position] = new LeaseAnswer(taken.Key, 0, 0);
        Unchange(taken.Key);
        if (commits && IndexOf(answer, taken.Key) is >= 0 and var index)
            End(index, LeasePhase.Released);
    }

    // Sections 18.3.4 and 18.3.5: what the client has and the server does not know of goes back with lifetimes 0 where the server can tell that it is wrong.
    private void TakeAwayUnknown(IaAnswer answer, IaOption ia, bool known)
    {
        foreach (var inner in ia.Options)
        {
            if (!TryReadLease(inner, out var key, out _, out _) || IsNamed(answer, key))
                continue;
            var offLink = answer.Kind != IaKind.PrefixDelegation && !exchange.Link.Contains(new Ipv6Address(key.Address));
            if (known || offLink)
                answer.Leases.Add(new LeaseAnswer(key, 0, 0));
        }
    }
}

using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Lease.Actors.Allocation;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Bindings;

/// <summary>What a planner decides from.</summary>
/// <param name="Binding">The committed state; null for none.</param>
/// <param name="Offers">What is held in memory for the client.</param>
/// <param name="Conflicts">Leases that turned out to be another's in this exchange.</param>
/// <param name="Allocator">The shard's allocator.</param>
/// <param name="Waiter">Told when the store has answered the allocator.</param>
/// <param name="Now">Unix milliseconds.</param>
/// <param name="IsRepetition">Whether the message is a copy of the one that was committed last, a moment ago: what it extends has been extended.</param>
internal readonly record struct PlanningContext(
    Binding? Binding, ImmutableArray<BoundLease> Offers, IReadOnlySet<LeaseKey> Conflicts, ShardAllocator Allocator, IActorRef Waiter, long Now, bool IsRepetition = false);

/// <summary>
/// Decides what a client's message does to its binding and what is answered. Changes nothing but the allocator's holds: the decision takes effect when it is committed. Made anew
/// for each try of an exchange.
/// </summary>
internal abstract class LeasePlanner : IUnitFilter
{
    // Ended leases that a binding remembers, so that a returning client gets what it had.
    private const int MaxEndedLeases = 8;

    private readonly ClientExchange exchange;
    // Most clients have one lease.
    private readonly List<LeaseChange> changes = new(1);
    private readonly List<BoundLease> leases;
    private readonly PlanningContext context;

    // What was allocated last and has no row, as far as is known.
    private LeaseKey newUnit;

    protected LeasePlanner(ClientExchange exchange, in PlanningContext context)
    {
        this.exchange = exchange;
        this.context = context;
        Reservation = exchange.Reservation;
        leases = new List<BoundLease>(1);
        if (context.Binding is { } binding)
        {
            foreach (var lease in binding.Leases)
                leases.Add(lease);
        }
    }

    /// <summary>The binding's leases after the commit, or those offered.</summary>
    public ImmutableArray<BoundLease> Leases => [.. leases];

    /// <summary>The lease rows that change.</summary>
    public ReadOnlySpan<LeaseChange> Changes => CollectionsMarshal.AsSpan(changes);

    /// <summary>Whether the answer may only leave after a commit.</summary>
    public abstract bool NeedsCommit { get; }

    /// <summary>Whether the answer only offers.</summary>
    public abstract bool IsOffer { get; }

    /// <summary>What the event says caused it.</summary>
    public abstract byte Cause { get; }

    protected Reservation? Reservation { get; }

    protected long Now => context.Now;

    protected ImmutableArray<BoundLease> Offers => context.Offers;

    protected List<BoundLease> Working => leases;

    /// <summary>Whether anything is to be committed.</summary>
    protected bool HasChanged { get; private set; }

    /// <summary><see cref="Leases"/>, and of those that were held for the client before what is not among them.</summary>
    public ImmutableArray<BoundLease> LeasesAnd(ImmutableArray<BoundLease> held)
    {
        if (held.IsEmpty)
            return Leases;
        var all = ImmutableArray.CreateBuilder<BoundLease>(leases.Count + held.Length);
        all.AddRange(leases);
        foreach (var lease in held)
        {
            if (!IsKnown(lease.Key))
                all.Add(lease);
        }

        return all.DrainToImmutable();
    }

    /// <summary>Decides.</summary>
    /// <returns>False when the store has to answer first: the waiter is told, then a new planner tries again.</returns>
    public abstract bool TryPlan();

    /// <summary>The binding after the commit.</summary>
    public abstract Binding Result();

    /// <summary>Sends the answer, if there is one.</summary>
    public abstract void Send(ILogger logger);

    protected AllocationResult Allocate(PoolRange range, ReadOnlySpan<LeaseKey> wanted, out LeaseKey key, AllocationReach reach)
    {
        var hold = exchange.Configuration.OfferLifetime;
        var client = exchange.Key.Hash;
        var result = context.Allocator.TryAllocate(range, wanted, client, hold, this, context.Waiter, out key, out var isNew, reach);
        if (isNew)
            newUnit = key;
        return result;
    }

    /// <summary>Whether the lease is answered as it is, without a commit: a copy of a message that was committed, or <c>cache-threshold</c>.</summary>
    protected bool IsFresh(Subnet subnet, BoundLease lease, long age) => (context.IsRepetition && age is >= 0 and <= 2) || subnet.IsFresh(lease, age);

    /// <summary>Whether the client's classes may use a subnet.</summary>
    protected bool MayUse(Subnet subnet) => subnet.Guard.IsOpenTo(exchange.Classes);

    /// <summary>Whether the client's classes may have units of a pool.</summary>
    protected bool MayUse(Pool pool) => pool.Guard.IsOpenTo(exchange.Classes);

    /// <summary>Whether the client's classes let it keep a lease: what is reserved for it is its own, whatever pool it lies in.</summary>
    protected bool MayKeep(Subnet subnet, BoundLease lease)
        => exchange.Classes is null
            || (MayUse(subnet) && (subnet.FindPool(lease.Kind, lease.Key) is not { } pool || MayUse(pool) || ReservationLookup.IsReservedBy(Reservation, lease.Key)));

    protected bool IsConflict(LeaseKey key) => context.Conflicts.Contains(key);

    protected bool IsForOther(LeaseKey key) => ReservationLookup.IsForOther(exchange.Link, exchange.Configuration, key, Reservation);

    protected void Claim(BoundLease lease)
    {
        for (var i = leases.Count - 1; i >= 0; i--)
        {
            if (leases[i].Key == lease.Key)
                leases.RemoveAt(i);
        }

        leases.Add(lease);
        Change(lease.Key, LeaseState.Active);
    }

    protected void Extend(int index, BoundLease lease)
    {
        leases[index] = lease;
        Change(lease.Key, LeaseState.Active);
    }

    protected void End(int index, LeasePhase phase)
    {
        var lease = leases[index];
        var probation = phase == LeasePhase.Declined ? Now + (long)exchange.Configuration.DeclineProbation.TotalMilliseconds : 0;
        leases[index] = lease with { Phase = phase, ChangedAt = Now, ProbationEndsAt = probation };
        Change(lease.Key, phase == LeasePhase.Declined ? LeaseState.Declined : LeaseState.Free);
        while (leases.Count(static l => l.EndsAt == 0) > MaxEndedLeases)
            leases.RemoveAt(leases.FindIndex(static l => l.EndsAt == 0));
    }

    // A lease row changes once in a commit, whatever a message says of it how often: the last word counts.
    protected void Change(LeaseKey key, LeaseState state)
    {
        Unchange(key);
        changes.Add(new LeaseChange(key, state, IsNew: state == LeaseState.Active && key == newUnit));
        HasChanged = true;
    }

    protected void Unchange(LeaseKey key)
    {
        for (var i = changes.Count - 1; i >= 0; i--)
        {
            if (changes[i].Key == key)
                changes.RemoveAt(i);
        }
    }

    private bool IsKnown(LeaseKey key)
    {
        foreach (var lease in leases)
        {
            if (lease.Key == key)
                return true;
        }

        return false;
    }

    /// <summary>Whether this client may get it in this exchange.</summary>
    bool IUnitFilter.IsUsable(LeaseKey key)
    {
        foreach (var lease in leases)
        {
            if (lease.Key == key && lease.Phase is LeasePhase.Active or LeasePhase.Declined)
                return false;
        }

        return !IsConflict(key) && !IsForOther(key);
    }

    /// <summary>Whether it was offered to this client, which takes it now.</summary>
    bool IUnitFilter.IsOwed(LeaseKey key)
    {
        if (IsOffer)
            return false;
        foreach (var offer in Offers)
        {
            if (offer.Key == key && Now - offer.ChangedAt < exchange.Configuration.OfferLifetime.TotalMilliseconds)
                return true;
        }

        return false;
    }
}

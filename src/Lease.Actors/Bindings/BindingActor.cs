using System.Collections.Immutable;
using Lease.Actors.Allocation;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Bindings;

/// <summary>
/// One client on one link. Owner: the shard of its key; started by its first message, passivated when it holds nothing that is not in its row. Invariant: what is answered has been
/// committed; advertised leases are only held in memory. After a failure it is started anew from its row.
/// </summary>
public sealed class BindingActor : UntypedPersistentActor
{
    // Each conflict takes one unit out of the choice; so many in one exchange mean that something else is wrong.
    private const int MaxConflicts = 64;

    // Relays that send to several nodes make copies, and clients send again when a reply is late (RFC 8415 section 15).
    private const long RepetitionWindow = 2000;

    private static readonly HashSet<LeaseKey> NoConflicts = [];

    private readonly ShardAllocator allocator;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private Binding? binding;
    private ImmutableArray<BoundLease> offers = [];
    private ClientExchange? exchange;
    private LeasePlanner? plan;
    private HashSet<LeaseKey>? conflicts;

    /// <summary>Makes the actor; <see cref="ShardContext.State"/> is the shard's <see cref="ShardAllocator"/>.</summary>
    public BindingActor(EntityKey key, ShardContext shard, IJournal journal, IBindingStore store, TimeProvider time, ILogger logger)
        : base(key, shard, journal, store)
    {
        allocator = (ShardAllocator)shard.State!;
        this.time = time;
        this.logger = logger;
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private string Client => BindingKey.ClientTextOf(Key.Bytes);

    /// <inheritdoc/>
    protected override void OnRecover(BindingLoaded loaded)
    {
        if (loaded.Payload is { } payload)
            binding = BindingCodec.Decode(Key, payload);
    }

    /// <inheritdoc/>
    protected override void OnCommand(object message)
    {
        switch (message)
        {
            case ClientExchange received:
                exchange = received;
                conflicts = null;
                Proceed();
                break;
            case AllocationProgress when exchange is not null:
                Proceed();
                break;
            case ExpireBinding expire:
                Expire(expire);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop() => Release();

    /// <inheritdoc/>
    protected override void OnPersistRejected(JournalWrite write)
    {
        if (exchange is null)
            return;
        logger.Conflict(exchange.Link.Name, new ClientText(Key), LeaseLog.TextOf(write.Conflict));
        conflicts ??= [];
        if (!conflicts.Add(write.Conflict))
        {
            // Known, and yet wanted again: it would be so for ever.
            Abandon($"{LeaseLog.TextOf(write.Conflict)} is another client's");
            return;
        }

        foreach (var subnet in exchange.Link.Subnets)
        {
            foreach (var pool in subnet.Pools)
                allocator.MarkTaken(pool.Range, write.Conflict);
            foreach (var pool in subnet.PrefixPools)
                allocator.MarkTaken(pool.Range, write.Conflict);
        }

        if (conflicts.Count > MaxConflicts)
            Abandon($"{conflicts.Count} conflicts in one exchange");
        else
            Proceed();
    }

    /// <inheritdoc/>
    protected override void OnPersistFailure(JournalWrite? write, string reason) => Abandon(reason);

    private void Proceed()
    {
        var current = exchange!;
        var now = Now;
        var isRepetition = binding is { } known && current.Transaction == known.LastTransaction && now - known.LastTransactionAt < RepetitionWindow;
        var planner = current.NewPlanner(new PlanningContext(binding, offers, conflicts ?? NoConflicts, allocator, Self, now, isRepetition));
        var decided = planner.TryPlan();
        Remember(planner);
        if (!decided)
        {
            WaitForAnswer();
            return;
        }

        if (!planner.NeedsCommit && !Shard.IsCertain)
        {
            // A commit would be fenced; this would not. The cluster's log says that it is so, the counters how often.
            logger.Uncertain(current.Link.Name, Client, current.MessageName);
            current.CountUnanswered(Unanswered.ServiceInterrupted);
            Release();
            return;
        }

        if (!planner.NeedsCommit)
        {
            LogOffer(planner);
            Finish(planner);
            return;
        }

        plan = planner;
        var next = planner.Result();
        Persist(
            BindingRows.EventOf(planner.Cause, planner.Changes),
            BindingRows.RowOf(next, current.Configuration.HoldEndedBinding),
            planner.Changes.ToArray(),
            _ => OnCommitted(next));
    }

    private void OnCommitted(Binding next)
    {
        var current = exchange!;
        var planner = plan!;
        plan = null;
        offers = [];
        var before = binding;
        binding = next;
        MarkAllocator(current.Link, planner.Changes, next.Leases);
        TellDeclined(current, planner.Changes, next.Leases);
        if (logger.IsEnabled(LogLevel.Information))
            logger.LogChanges(Client, before, next, planner.Changes, current.MessageName);
        Finish(planner);
    }

    private void MarkAllocator(Link link, ReadOnlySpan<LeaseChange> changes, ImmutableArray<BoundLease> leases)
    {
        foreach (var change in changes)
        {
            var kind = KindOf(leases, change.Key);
            if (link.FindRange(kind, change.Key) is not { } range)
                continue;
            if (change.State == LeaseState.Free)
                allocator.MarkFree(range, change.Key);
            else
                allocator.MarkTaken(range, change.Key);
        }
    }

    private void TellDeclined(ClientExchange current, ReadOnlySpan<LeaseChange> changes, ImmutableArray<BoundLease> leases)
    {
        foreach (var change in changes)
        {
            if (change.State != LeaseState.Declined)
                continue;
            var lease = leases.Last(l => l.Key == change.Key);
            if (current.Link.FindSubnet(lease.Subnet) is { } subnet)
                Context.System.EventStream.Publish(new LeaseDeclined(Key, lease.Key, lease.EndsAt, subnet, current.Configuration));
        }
    }

    private static IaKind KindOf(ImmutableArray<BoundLease> leases, LeaseKey key)
    {
        foreach (var lease in leases)
        {
            if (lease.Key == key)
                return lease.Kind;
        }

        return key.Length == 128 ? IaKind.NonTemporary : IaKind.PrefixDelegation;
    }

    // What the allocator holds for this client: the next try of the exchange, and the client's REQUEST, shall get the same.
    private void Remember(LeasePlanner planner)
    {
        if (planner.Changes.Length > 0)
            offers = planner.LeasesAnd(offers);
    }

    private void LogOffer(LeasePlanner planner)
    {
        if (!planner.IsOffer || !logger.IsEnabled(LogLevel.Debug))
            return;
        foreach (var change in planner.Changes)
            logger.Offered(exchange!.Link.Name, Client, LeaseLog.TextOf(change.Key));
    }

    private void Finish(LeasePlanner planner)
    {
        planner.Send(logger);
        Release();
        PassivateIfStored();
    }

    private void Abandon(string reason)
    {
        if (exchange is null)
            return;
        logger.NotAnswered(exchange.Link.Name, new ClientText(Key), exchange.MessageName, reason);
        exchange.CountUnanswered(Unanswered.NotCommitted);
        Release();
    }

    private void Release()
    {
        exchange?.Datagram.Release();
        exchange = null;
        plan = null;
        conflicts = null;
    }

    // Only what is offered is worth an actor: everything else is in the row. So few actors live at a time, whatever the rate, and the garbage collector has little to look at.
    private void PassivateIfStored()
    {
        if (offers.IsEmpty)
            Context.Parent.Tell(Passivate.Instance, Self);
    }

    // An end is an event like any other: committed first, then in force.
    private void Expire(ExpireBinding message)
    {
        var (now, configuration) = (Now, message.Configuration);
        if (binding is null || (message.Returned is null && binding.NextDueAt(configuration.HoldEndedBinding) > now))
            return;
        var leases = ImmutableArray.CreateBuilder<BoundLease>(binding.Leases.Length);
        var ended = new List<LeaseChange>();
        foreach (var lease in binding.Leases)
        {
            var returns = lease.Phase == LeasePhase.Declined && lease.Key == message.Returned;
            var ends = returns || (lease.EndsAt != 0 && lease.EndsAt <= now);
            leases.Add(ends ? lease with { Phase = LeasePhase.Expired, ChangedAt = now, ProbationEndsAt = 0 } : lease);
            if (ends)
                ended.Add(new LeaseChange(lease.Key, LeaseState.Free));
        }

        if (ended.Count == 0)
        {
            if (message.Returned is null)
                Forget();
            return;
        }

        if (binding.Ipv4?.TunnelSource is { } tunnel && !leases.Any(l => l.IsActiveAt(now)))
            ended.Add(new LeaseChange(Ipv4Data.TunnelKey(tunnel), LeaseState.Free));
        var next = binding with { Leases = leases.MoveToImmutable() };
        var changes = ended.ToArray();
        var row = BindingRows.RowOf(next, configuration.HoldEndedBinding);
        Persist(BindingRows.EventOf(cause: 0, changes), row, changes, _ => OnExpired(message, next, changes));
    }

    private void OnExpired(ExpireBinding message, Binding next, LeaseChange[] changes)
    {
        var before = binding!;
        binding = next;
        foreach (var link in message.Configuration.Links)
        {
            if (link.Name == next.Link)
                MarkAllocator(link, changes, next.Leases);
        }

        if (logger.IsEnabled(LogLevel.Information))
            logger.LogChanges(Client, before, next, changes, message.Returned is null ? "lifetime" : "declined-limit");
        PassivateIfStored();
    }

    private void Forget()
    {
        var changes = binding!.Leases.Select(static l => new LeaseChange(l.Key, LeaseState.Free)).ToArray();
        Persist(BindingRows.EventOf(cause: 0, changes), row: null, changes, _ => Context.Stop(Self));
    }
}

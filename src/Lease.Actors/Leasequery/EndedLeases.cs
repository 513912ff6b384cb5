using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;

namespace Lease.Actors.Leasequery;

/// <summary>
/// Which ended leases of a binding an active requestor is told of, with lifetimes 0 (RFC 7653 section 7). The others it has been told of, or another client holds them by now.
/// </summary>
public readonly ref struct EndedLeases
{
    // An end is decided a little before the commit that gives it its time.
    private const long CommitDelay = 60_000;

    private readonly ReadOnlySpan<LeaseChange> changes;
    private readonly IBindingQueries? tables;
    private readonly long since;

    private EndedLeases(ReadOnlySpan<LeaseChange> changes, IBindingQueries? tables, long since)
    {
        this.changes = changes;
        this.tables = tables;
        this.since = since;
    }

    /// <summary>None of them: what LEASEQUERY is answered with.</summary>
    public static EndedLeases None => default;

    /// <summary>Those that ended with a commit.</summary>
    public static EndedLeases In(ReadOnlySpan<LeaseChange> changes) => new(changes, tables: null, 0);

    /// <summary>Those that ended since a moment (Unix milliseconds) and that nobody else holds now.</summary>
    public static EndedLeases Since(long moment, IBindingQueries tables) => new(default, tables, moment);

    /// <summary>Whether this one is told.</summary>
    public bool Include(in LeaseView lease, long rowId)
    {
        if (tables is not null)
            return lease.ChangedAt >= since - CommitDelay && !tables.IsHeldByAnother(lease.Key, rowId);
        foreach (var change in changes)
        {
            if (change.State != LeaseState.Active && change.Key == lease.Key)
                return true;
        }

        return false;
    }
}

namespace Lease.Kernel.Persistence;

/// <summary>A place in the event table of all shards, in the store's own form; it stays valid over restarts of the process only as a time.</summary>
public abstract record StreamPosition;

/// <summary>How a replay ended.</summary>
/// <param name="Position">Behind the last event that was seen.</param>
/// <param name="Ended">Whether no event is left.</param>
/// <param name="Lost">Events behind the position that was asked for have been pruned: what they changed is not known any more.</param>
public sealed record ReplayResult(StreamPosition Position, bool Ended, bool Lost);

/// <summary>
/// What changed since a moment (catch-up, RFC 7653 section 8.3.1): the events that are kept, each binding once in its current state. Runs on the caller's thread, like
/// <see cref="IBindingQueries"/>.
/// </summary>
public interface IEventLog
{
    /// <summary>Behind the last committed event.</summary>
    StreamPosition End { get; }

    /// <summary>
    /// Every event with a time at or before this one (Unix milliseconds) has been committed and published; those to come have later times. Goes on with the clock when nothing happens.
    /// </summary>
    long SettledThrough { get; }

    /// <summary>The place in front of the first event at or after <paramref name="since"/> (Unix milliseconds).</summary>
    /// <returns>Null when events of that time may have been pruned, or rows that ended since may have been forgotten.</returns>
    StreamPosition? FindStart(long since);

    /// <summary>
    /// Sees at most <paramref name="limit"/> events behind <paramref name="after"/> in commit order, and visits the binding row of each whose newest event it is; a later
    /// event of the same binding will come, so none is missed.
    /// </summary>
    /// <exception cref="IOException">The table cannot be read.</exception>
    ReplayResult Replay<TVisitor>(StreamPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct;
}

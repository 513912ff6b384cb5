namespace Lease.Kernel.Persistence;

/// <summary>
/// Where the journal publishes committed batches: the actor system's event stream. It counts who follows, which an event stream does not tell: while nobody does, the journal spares the work of
/// putting a batch together. May be used from any thread.
/// </summary>
/// <param name="publish">Takes each batch, in commit order, on the journal's thread.</param>
public sealed class CommittedEvents(Action<JournalCommitted> publish)
{
    private int followers;

    /// <summary>Whether anybody follows.</summary>
    public bool IsFollowed => Volatile.Read(ref followers) > 0;

    /// <summary>Says that somebody follows from now on.</summary>
    public void Follow() => Interlocked.Increment(ref followers);

    /// <summary>Ends one <see cref="Follow"/>.</summary>
    public void Unfollow() => Interlocked.Decrement(ref followers);

    /// <summary>Tells who follows.</summary>
    public void Publish(JournalCommitted committed) => publish(committed);
}

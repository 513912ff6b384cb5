namespace Lease.Storage.Sqlite;

/// <summary>Deletes old events in small steps beside the commits, so that there is never one big deletion.</summary>
internal sealed class EventPruner
{
    private const int Step = 512;
    private static readonly TimeSpan AgeCheck = TimeSpan.FromSeconds(10);

    private readonly Statement delete;
    private readonly Statement newest;
    private readonly Statement oldest;
    private readonly SqliteStoreOptions options;
    private long nextAgeCheck;
    private long first;
    private int commits;

    public EventPruner(Database database, SqliteStoreOptions options)
    {
        this.options = options;
        delete = database.Prepare("DELETE FROM event WHERE id < ?1");
        newest = database.Prepare("SELECT max(id) FROM event");
        oldest = database.Prepare("SELECT at FROM event WHERE id = ?1");
        first = Math.Max(1, database.Scalar("SELECT min(id) FROM event"));
    }

    /// <summary>The first event that is kept, from any thread; with the next commit at the latest. 1: none was ever deleted.</summary>
    public long First => Volatile.Read(ref first);

    /// <summary>Called before each commit, within its transaction.</summary>
    public void Prune()
    {
        if (++commits % 8 != 0)
            return;
        var last = Value(newest);
        var now = options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        var target = last - options.EventMaxCount;
        if (now >= nextAgeCheck)
        {
            // One step further for as long as the events there are too old; then not again for a while.
            oldest.Bind(1, first + Step);
            var tooOld = Value(oldest) is > 0 and var at && at < now - (long)options.EventMaxAge.TotalMilliseconds;
            target = tooOld ? Math.Max(target, first + Step) : target;
            nextAgeCheck = tooOld ? now : now + (long)AgeCheck.TotalMilliseconds;
        }

        if (target < first + Step)
            return;

        // Twice the usual growth between two calls, so that the table shrinks to its bound even under load.
        Volatile.Write(ref first, Math.Min(target, first + (Step * 16)));
        delete.Bind(1, first).Run();
    }

    private static long Value(Statement statement)
    {
        var value = statement.Step() ? statement.Int64(0) : 0;
        statement.Reset();
        return value;
    }
}

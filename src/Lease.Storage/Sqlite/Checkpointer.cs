using SQLitePCL;

namespace Lease.Storage.Sqlite;

/// <summary>
/// Keeps the write-ahead log bounded without stalling commits: a thread of its own moves its pages into the tables while commits go on; when little is left
/// the journal's thread moves the rest between two commits, after which the log starts anew.
/// </summary>
internal sealed class Checkpointer : IDisposable
{
    private const int PageSize = 4096;
    private const int SmallRemainder = 512;
    private const int LookEvery = 16;
    private const int MaxPasses = 8;

    private readonly Database writer;
    private readonly Database own;
    private readonly long limit;
    private readonly Thread thread;
    private readonly SemaphoreSlim work = new(0);
    private int commitsUntilLook = LookEvery;
    private long writtenBefore;
    private volatile int remainder = -1;
    private volatile bool running;
    private volatile bool stopping;

    public Checkpointer(Database writer, StoreFile file, SqliteStoreOptions options)
    {
        this.writer = writer;
        own = file.Open();
        own.Execute("PRAGMA synchronous = FULL");
        limit = options.CheckpointAt / PageSize;
        thread = new Thread(Loop) { Name = "checkpoint", IsBackground = true };
        thread.Start();
    }

    /// <summary>Called on the journal's thread after each commit.</summary>
    public void AfterCommit()
    {
        if (running)
            return;
        if (remainder is >= 0 and <= SmallRemainder)
        {
            remainder = -1;

            // Everything is moved and nobody writes now: the next commit starts the log anew.
            writer.Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE);
            return;
        }

        if (--commitsUntilLook > 0)
            return;
        commitsUntilLook = LookEvery;
        if (remainder < 0 && writer.PagesWritten - writtenBefore < limit)
            return;
        writtenBefore = writer.PagesWritten;
        running = true;
        work.Release();
    }

    public void Dispose()
    {
        stopping = true;
        work.Release();
        thread.Join();
        own.Dispose();
        work.Dispose();
    }

    private void Loop()
    {
        while (true)
        {
            work.Wait();
            if (stopping)
                return;
            remainder = MoveUntilLittleIsLeft();
            running = false;
        }
    }

    // A pass takes the log as it was at its beginning, so "everything moved" says nothing of what was committed meanwhile: about as much as the pass itself
    // had to move is left. Each pass is shorter than the one before, unless commits come faster than pages can be moved. Negative: the log began anew meanwhile.
    private int MoveUntilLittleIsLeft()
    {
        var movedBefore = 0;
        var left = int.MaxValue;
        for (var pass = 0; pass < MaxPasses && left > SmallRemainder && !stopping; pass++)
        {
            var (frames, moved) = own.Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE);
            if (frames < 0 || moved < frames)
                return int.MaxValue;
            left = moved - movedBefore;
            movedBefore = moved;
        }

        return left;
    }
}

using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Lease.Storage.Sqlite;

/// <summary>
/// The database file: opens connections, and knows whether what is committed can be found again, as <c>lease.db</c>, <c>-wal</c> and
/// <c>-shm</c> are the files that were opened and no connection has
/// met damage. Once it is lost it stays lost: nothing more is committed. May be used from any thread, except where said otherwise.
/// </summary>
internal sealed class StoreFile(string file, ILogger logger) : IDisposable
{
    private readonly TaskCompletionSource lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WatchedFile[] files = [];
    private WatchedFile? log;
    private SafeFileHandle? content;
    private string? reason;

    /// <summary>Ends when it is lost.</summary>
    public Task Lost => lost.Task;

    /// <summary>Whether it is lost.</summary>
    public bool IsLost => Volatile.Read(ref reason) is not null;

    /// <summary>Opens a connection that may write.</summary>
    public Database Open()
    {
        var database = Database.Open(file, readOnly: false, Note);
        database.Execute("PRAGMA cell_size_check = ON");
        return database;
    }

    /// <summary>Opens a connection that reads.</summary>
    public Database OpenReader()
    {
        var database = Database.Open(file, readOnly: true, Note);
        database.Execute("PRAGMA cell_size_check = ON; PRAGMA cache_size = -4096; PRAGMA mmap_size = 1073741824");
        return database;
    }

    /// <summary>Watches the files from now on; the log must have been written to.</summary>
    public void Watch()
    {
        log = new WatchedFile(file + "-wal");
        files = [new WatchedFile(file), log, new WatchedFile(file + "-shm")];
        content = File.OpenHandle(log.Name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <summary>
    /// Called before a transaction, on the journal's thread: what was cut off the log would be hidden by what is written behind it.
    /// </summary>
    /// <exception cref="StoreException">The store is lost.</exception>
    public void CheckLog()
    {
        ThrowIfLost();
        if (log?.FindLoss() is { } loss)
            Lose($"{log.Name} {loss}");
    }

    /// <summary>
    /// Called behind a commit and before anybody is told of it, on the journal's thread: what is acknowledged was in files that were in
    /// their place when it had been committed.
    /// </summary>
    /// <exception cref="StoreException">The store is lost.</exception>
    public void Check()
    {
        ThrowIfLost();
        foreach (var watched in files)
        {
            if (watched.FindLoss() is { } loss)
                Lose($"{watched.Name} {loss}");
        }

        // A log that was cut to nothing and written to behind that begins with a hole.
        Span<byte> magic = stackalloc byte[4];
        if (content is not null && (RandomAccess.Read(content, magic, 0) < magic.Length || magic[0] == 0))
            Lose($"{log!.Name} was emptied by another program");
    }

    public void Dispose() => content?.Dispose();

    // Called with each error of SQLite's, on the thread that met it. While the store is opened, who opens it says what is wrong.
    private void Note(StoreException error)
    {
        if (error.IsDamage && files.Length > 0)
            Record($"{file} is damaged ({error.Message})");
    }

    private void Lose(string what)
    {
        Record(what);
        ThrowIfLost();
    }

    private void Record(string what)
    {
        if (Interlocked.CompareExchange(ref reason, what, null) is not null)
            return;
        logger.StoreLost(what);
        lost.TrySetResult();
    }

    private void ThrowIfLost()
    {
        if (Volatile.Read(ref reason) is { } known)
            throw new StoreException($"the store is lost: {known}");
    }
}

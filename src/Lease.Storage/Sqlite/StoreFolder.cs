using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Lease.Storage.Sqlite;

#pragma warning disable CA1416 // The project runs on Linux only.

/// <summary>
/// The folder of a store, and what may be done with the files in it: a store that was made there is never replaced by an empty one unless
/// somebody says so.
/// </summary>
internal sealed class StoreFolder
{
    /// <summary>The files name every client of a network: nobody else may read them.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const string HowToGoOn =
        "put a backup in its place and delete the mark, or begin with an empty store, which forgets every lease, with --new-store";

    private StoreFolder(string directory)
    {
        Database = Path.Combine(directory, "lease.db");
        Mark = new StoreMark(Path.Combine(directory, "lease.id"));
    }

    /// <summary>The database file.</summary>
    public string Database { get; }

    /// <summary>The mark of the store that was made here.</summary>
    public StoreMark Mark { get; }

    /// <summary>Octets in the database's log; 0: there is none.</summary>
    public long LogSize => SizeOf(Database + "-wal");

    /// <summary>Whether something of a store is here.</summary>
    public bool IsUsed => Mark.Exists || HasDatabase || LogSize > 0;

    private bool HasDatabase => SizeOf(Database) > 0;

    /// <summary>Makes the folder when it is not there.</summary>
    /// <exception cref="StoreException">The system refuses it.</exception>
    public static StoreFolder Make(string directory)
    {
        try
        {
            if (!Directory.Exists(directory))
                Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
            return new StoreFolder(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the data folder {directory} cannot be made: {e.Message}", e);
        }
    }

    /// <summary>Called before the database is opened, for which an empty file is made where there is none.</summary>
    /// <exception cref="StoreException">A store was made here, and its database is gone.</exception>
    public void RequireDatabase()
    {
        if (HasDatabase)
            return;
        var state = File.Exists(Database) ? "empty" : "missing";
        if (Mark.Exists)
            throw Lost($"{Database} is {state}, but a store was made here ({Mark.Path} says so)");
        if (LogSize > 0)
            throw Lost($"{Database} is {state}, but {Database}-wal holds a part of it");
    }

    /// <summary>What is said of a database whose content is gone.</summary>
    public static StoreException Lost(string what) => new($"{what}: {HowToGoOn}") { IsDamage = true };

    /// <summary>Makes the database's file when it is not there, and keeps others from reading it and its log.</summary>
    public void Protect(ILogger logger)
    {
        try
        {
            File.OpenHandle(Database, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            foreach (var name in (string[])[Database, Database + "-wal", Database + "-shm"])
            {
                // SQLite makes the other two like the first.
                if (File.Exists(name) && File.GetUnixFileMode(name) != OwnerOnly)
                    File.SetUnixFileMode(name, OwnerOnly);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.NotProtected(Database, e.Message);
        }
    }

    /// <summary>Moves the files of a store that is lost or damaged out of the way; they stay in the folder.</summary>
    /// <exception cref="StoreException">The system refuses it.</exception>
    public void SetAside(DateTimeOffset now, ILogger logger)
    {
        var stamp = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        try
        {
            foreach (var name in (string[])[Database, Database + "-wal", Database + "-shm", Mark.Path])
            {
                var aside = Path.Combine(Path.GetDirectoryName(name)!, $"lost-{stamp}-{Path.GetFileName(name)}");
                if (!File.Exists(name))
                    continue;
                File.Move(name, aside);
                logger.SetAside(name, aside);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the old files cannot be moved: {e.Message}", e);
        }
    }

    private static long SizeOf(string name) => new FileInfo(name) is { Exists: true } found ? found.Length : 0;
}

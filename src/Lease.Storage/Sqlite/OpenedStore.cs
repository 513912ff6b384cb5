using System.Globalization;
using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>A database that was opened to be written, checked, and is watched from now on.</summary>
/// <param name="Folder">Where it is.</param>
/// <param name="File">Opens further connections.</param>
/// <param name="Database">The connection that writes.</param>
/// <param name="Meta">What it holds about itself.</param>
/// <param name="Recovered">How it was closed, in words for the log.</param>
internal sealed record OpenedStore(StoreFolder Folder, StoreFile File, Database Database, StoreMeta Meta, string Recovered) : IDisposable
{
    /// <summary>Opens it, making it when none was ever made in the folder.</summary>
    /// <exception cref="StoreException">It is lost, damaged, too new, or the system refuses it.</exception>
    public static OpenedStore Open(StoreFolder folder, SqliteStoreOptions options)
    {
        var (marked, wasOpen) = folder.Mark.Read();
        folder.RequireDatabase();
        folder.Protect(options.Logger);
        var logged = folder.LogSize;
        var recovered = WriteAheadLog.RequireSound(folder.Database);
        var file = new StoreFile(folder.Database, options.Logger);
        Database? database = null;
        try
        {
            database = file.Open();
            Configure(database, options);
            RequireSound(database, folder);
            Schema.Migrate(database, folder.Database, options.ShardCount);
            var meta = ReadMeta(database);
            if (marked is { } other && other != meta.ClusterId)
            {
                throw StoreFolder.Lost(
                    $"{folder.Database} is another store (cluster-id {meta.ClusterId}) than the one that was made here "
                    + $"({other}, {folder.Mark.Path} says so)");
            }

            if (wasOpen && logged == 0)
                options.Logger.LogMissing(folder.Database, folder.Database + "-wal");
            BeginWatch(database, file, folder, meta);
            return new OpenedStore(folder, file, database, meta, Describe(logged, recovered, wasOpen));
        }
        catch (StoreException e)
        {
            // As it was found, for who looks into it.
            database?.KeepLog();
            database?.Dispose();
            file.Dispose();
            if (e.Code is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB)
                throw StoreFolder.Lost($"{folder.Database} is damaged ({e.Message})");
            throw;
        }
    }

    /// <summary>Moves a store that is lost or damaged out of the way.</summary>
    /// <exception cref="StoreException">The store is sound, or the files cannot be moved.</exception>
    public static void MakeRoom(StoreFolder folder, SqliteStoreOptions options)
    {
        try
        {
            if (!folder.IsUsed)
                return;
            using var sound = Open(folder, options);
            var bindings = sound.Database.Scalar("SELECT count(*) FROM binding");
            throw new StoreException(
                $"--new-store is for a store that is lost or damaged, and {folder.Database} is neither ({bindings} bindings): "
                + "start without it; to forget every lease all the same, move the files away");
        }
        catch (StoreException e) when (e.IsDamage)
        {
            folder.SetAside(options.TimeProvider.GetUtcNow(), options.Logger);
        }
    }

    public void Dispose()
    {
        Database.KeepLog();
        Database.Dispose();
        File.Dispose();
    }

    private static void Configure(Database database, SqliteStoreOptions options)
    {
        database.Execute("PRAGMA journal_mode = WAL");
        database.Execute("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY");
        database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size = -{options.PageCache / 1024}"));
        if (options.MaxPages > 0)
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {options.MaxPages}"));
    }

    // Reads every page, so that damage is found before anything is acknowledged and not when somebody comes by.
    private static void RequireSound(Database database, StoreFolder folder)
    {
        if (folder.Mark.Exists && database.Scalar("SELECT count(*) FROM sqlite_schema") == 0)
            throw StoreFolder.Lost($"{folder.Database} holds no tables, but a store was made here ({folder.Mark.Path} says so)");
        if (database.ScalarText("PRAGMA quick_check(1)") is not "ok" and var problem)
            throw StoreFolder.Lost($"{folder.Database} is damaged ({problem?.ReplaceLineEndings(" ")})");
    }

    private static StoreMeta ReadMeta(Database database)
    {
        var id = database.ScalarText("SELECT value FROM meta WHERE key = 'cluster-id'");
        return new StoreMeta(Schema.Version, Guid.Parse(id!), (int)database.Scalar("SELECT value FROM meta WHERE key = 'shard-count'"));
    }

    // The log is there, and stays there until the store is closed, once something was written. What an UPDATE leaves as it is SQLite does
    // not write; this it does.
    private static void BeginWatch(Database database, StoreFile file, StoreFolder folder, StoreMeta meta)
    {
        database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Schema.Version}"));
        file.Watch();
        folder.Mark.Write(meta.ClusterId, isOpen: true);
    }

    private static string Describe(long logged, long recovered, bool wasOpen) => (logged, wasOpen) switch
    {
        (0, false) => "closed cleanly",
        (0, true) => "not closed cleanly, and its log is missing",
        _ => string.Create(CultureInfo.InvariantCulture, $"not closed cleanly: {recovered / 1024} KiB of committed log recovered"),
    };
}

using Lease.Host.Configuration;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Storage;
using Lease.Storage.Postgres;
using Lease.Storage.Sqlite;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Server;

/// <summary>The folder of a SQLite file.</summary>
/// <param name="Path">The folder.</param>
/// <param name="BeginsNew">Whether to begin with an empty store in the place of one that is lost or damaged.</param>
internal sealed record DataFolder(string Path, bool BeginsNew = false);

/// <summary>Opens the store that the configuration names.</summary>
internal static class Stores
{
    /// <summary>Opens it.</summary>
    /// <param name="configuration">Names it.</param>
    /// <param name="place">Where a SQLite file is.</param>
    /// <param name="time">The time by which leases go; of a SQLite file, the store keeps it.</param>
    /// <param name="system">Works on what the journal tells.</param>
    /// <param name="committed">Where it publishes what it commits.</param>
    /// <param name="loggers">For its log.</param>
    /// <exception cref="IOException">It cannot be opened; the message says why.</exception>
    public static async Task<ILeaseStore> OpenAsync(
        LeaseConfiguration configuration,
        DataFolder place,
        (TimeProvider Machine, ClusterTime Leases) time,
        ActorSystem system,
        CommittedEvents committed,
        ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("Lease.Storage");
        var retention = configuration.Leasequery;
        if (configuration.Storage.PostgresConnection is { } connection)
        {
            if (place.BeginsNew)
                throw new StoreException("--new-store is for a SQLite store: to begin anew on PostgreSQL, name an empty database");
            var options = new PostgresStoreOptions
            {
                Connection = connection,
                ClusterId = configuration.Storage.ClusterId,
                ShardCount = configuration.Storage.Shards,
                Logger = logger,
                Committed = committed,
                EventMaxAge = retention.RetentionAge,
                EventMaxCount = retention.RetentionCount,
                AfterTell = () => system.Assist(busy: false),
                Rehearses = configuration.Node.Rehearses,
            };
            var store = PostgresLeaseStore.Open(options);

            // Its statements are rehearsed within a tenth of a second; to compile them for speed takes longer.
            if (options.Rehearses)
                await Rehearsal.SettleAsync(system.TimeProvider);
            return store;
        }

        return SqliteLeaseStore.Open(new SqliteStoreOptions
        {
            Directory = place.Path,
            BeginsNew = place.BeginsNew,
            ShardCount = configuration.Storage.Shards,
            TimeProvider = time.Machine,
            Time = time.Leases,
            MaxClockGap = configuration.Storage.MaxClockGap,
            Logger = logger,
            Committed = committed,
            EventMaxAge = retention.RetentionAge,
            EventMaxCount = retention.RetentionCount,
            AfterTell = () => system.Assist(busy: false),
        });
    }
}

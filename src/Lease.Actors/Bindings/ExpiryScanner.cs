using Akka.Actor;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Bindings;

/// <summary>
/// Looks every second for bindings with something that ended, in this node's shards, and tells them. A binding that is not told (a full queue) is found again.
/// Owner: the server; lives as long as it.
/// </summary>
public sealed class ExpiryScanner : ReceiveActor, IWithTimers
{
    // As many as the bindings can commit in a second with ease; what is more waits for the next.
    private const int MaxPerScan = 2000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly IBindingStore store;
    private readonly ShardRegion region;
    private readonly Func<EntityKey, ServiceConfiguration?> configurationOf;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private bool failed;

    /// <summary>Makes the scanner of the shards that <paramref name="region"/> serves; <paramref name="configurationOf"/> gives the configuration in force for a binding, or null while there is none.</summary>
    public ExpiryScanner(IBindingStore store, ShardRegion region, Func<EntityKey, ServiceConfiguration?> configurationOf, TimeProvider time, ILogger logger)
    {
        this.store = store;
        this.region = region;
        this.configurationOf = configurationOf;
        this.time = time;
        this.logger = logger;
        ReceiveAsync<Scan>(_ => ScanAsync());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Scan), Scan.Instance, Interval);

    private async Task ScanAsync()
    {
        try
        {
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            foreach (var key in await store.FindDueAsync(region.ServedShards(), now, MaxPerScan, CancellationToken.None))
            {
                if (configurationOf(key) is { } configuration)
                    region.Tell(new ExpireBinding(key, configuration));
            }

            failed = false;
        }
        catch (IOException e)
        {
            if (!failed)
                logger.ExpiryFailed(e.Message);
            failed = true;
        }
    }

    private sealed class Scan
    {
        public static readonly Scan Instance = new();
    }
}

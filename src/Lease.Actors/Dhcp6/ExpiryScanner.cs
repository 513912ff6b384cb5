using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Dhcp6;

/// <summary>
/// Looks every second for bindings with something that ended, in this node's shards, and tells them. A binding that is not told (a full queue) is found again.
/// Owner: the server; lives as long as it.
/// </summary>
public sealed class ExpiryScanner : ReceiveActor
{
    // As many as the bindings can commit in a second with ease; what is more waits for the next.
    private const int MaxPerScan = 2000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly IBindingStore store;
    private readonly IActorRef region;
    private readonly IReadOnlyList<int> shards;
    private readonly Func<Dhcp6Settings?> settings;
    private readonly ILogger logger;

    /// <summary>Makes the scanner of <paramref name="shards"/>.</summary>
    public ExpiryScanner(IBindingStore store, IActorRef region, IReadOnlyList<int> shards, Func<Dhcp6Settings?> settings, ILogger logger)
    {
        this.store = store;
        this.region = region;
        this.shards = shards;
        this.settings = settings;
        this.logger = logger;
        ReceiveAsync<Scan>(_ => ScanAsync());
    }

    /// <inheritdoc/>
    protected override void PreStart() => Context.Timers.StartPeriodicTimer(nameof(Scan), Scan.Instance, Interval);

    private async Task ScanAsync()
    {
        if (settings() is not { } current)
            return;
        try
        {
            var now = Context.System.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
            foreach (var key in await store.FindDueAsync(shards, now, MaxPerScan, CancellationToken.None))
                region.Tell(new ExpireBinding(key, current));
        }
        catch (IOException e)
        {
            logger.ExpiryFailed(e.Message);
        }
    }

    private sealed class Scan
    {
        public static readonly Scan Instance = new();
    }
}

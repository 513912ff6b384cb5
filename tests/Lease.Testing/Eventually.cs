namespace Lease.Testing;

/// <summary>Waiting for what other threads, processes or hosts bring about, with a deadline of real time.</summary>
public static class Eventually
{
    /// <summary>How long a condition may take on a busy machine, when nothing else is said.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Awaits a condition.</summary>
    /// <param name="condition">Asked again and again.</param>
    /// <param name="what">What should come true, for the failure.</param>
    /// <param name="limit">How long it may take; null: <see cref="Deadline"/>.</param>
    /// <param name="pause">From one question to the next; null: 5 ms.</param>
    /// <exception cref="TimeoutException">It did not come true in that time.</exception>
    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? limit = null, TimeSpan? pause = null)
        => TrueAsync(() => Task.FromResult(condition()), what, limit, pause);

    /// <inheritdoc cref="TrueAsync(Func{bool}, string, TimeSpan?, TimeSpan?)"/>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null, TimeSpan? pause = null)
    {
        for (var end = DateTime.UtcNow + (limit ?? Deadline); !await condition(); await Task.Delay(pause ?? Pause))
        {
            if (DateTime.UtcNow > end)
                throw new TimeoutException($"never happened: {what}");
        }
    }
}

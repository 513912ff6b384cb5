using Lease.Kernel.TestKit;

namespace Lease.Peers.Tests.Leasequery;

/// <summary>Waiting with a deadline.</summary>
internal static class Waiting
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>Moves the clock on until <paramref name="task"/> is done, and returns how far.</summary>
    public static async Task<TimeSpan> UntilDoneAsync(this VirtualTime time, Task task, double stepSeconds = 0.5)
    {
        var began = time.GetUtcNow();
        for (var end = DateTime.UtcNow + Deadline; !task.IsCompleted && DateTime.UtcNow < end;)
        {
            time.Advance(TimeSpan.FromSeconds(stepSeconds));
            await Task.WhenAny(task, Task.Delay(5));
        }

        task.IsCompleted.ShouldBeTrue("it should have ended");
        return time.GetUtcNow() - began;
    }

    public static async Task<List<T>> ToListAsync<T>(this IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items)
            list.Add(item);
        return list;
    }
}

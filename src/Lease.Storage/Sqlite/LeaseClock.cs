using System.Globalization;
using Lease.Kernel.Sharding;
using Microsoft.Extensions.Logging;

namespace Lease.Storage.Sqlite;

/// <summary>
/// The time by which the leases of a single node go: the machine's clock, followed where it is slewed, and carried on by the monotonic
/// clock where it is set. See
/// docs/decisions/0018-the-clock-on-one-node.md. Each method is called in a job of the journal, or before it has begun.
/// </summary>
/// <param name="machine">The machine's clocks.</param>
/// <param name="time">What everybody else sees.</param>
/// <param name="logger">For steps.</param>
internal sealed class LeaseClock(TimeProvider machine, ClusterTime time, ILogger logger)
{
    // A clock that was moved by more within a second was set. NTP slews by half a millisecond in a second, adjtime by half of that; more
    // is left to steps.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    // How far the machine's clock is ahead of the leases' time, by the steps that it took.
    private TimeSpan ahead;

    /// <summary>
    /// Chooses the time at which the leases go on: no earlier than the last commit, and without a step ahead that was noticed before the
    /// store was closed, unless it was taken back since.
    /// </summary>
    public void Begin(Database database, TimeSpan maxGap)
    {
        var clock = machine.GetUtcNow();
        var start = clock;
        var last = DateTimeOffset.FromUnixTimeMilliseconds(
            database.Scalar("SELECT max((SELECT max(changed_at) FROM shard), coalesce((SELECT max(heartbeat_at) FROM node), 0))"));
        var noted = TimeSpan.FromMilliseconds(NotedAhead(database));
        if (noted > TimeSpan.Zero && clock - noted >= last - Tolerance)
        {
            start = clock - noted;
            logger.ClockStaysAhead(Seconds(noted));
        }

        if (start < last - Tolerance)
        {
            start = last;
            logger.ClockBeforeLastCommit(Text(clock), Text(last), Seconds(last - clock));
        }
        else if (last > DateTimeOffset.UnixEpoch && start - last > maxGap)
        {
            logger.ClockFarBehindLastCommit(Text(clock), Text(last), Seconds(start - last), Seconds(maxGap));
        }

        ahead = clock - start;
        Follow(clock, time.GetTimestamp(), time.GetTimestamp());
    }

    /// <summary>Looks at the machine's clock; called each second.</summary>
    /// <returns>The leases' time, Unix milliseconds.</returns>
    public long Follow(Database database)
    {
        var asked = time.GetTimestamp();
        var before = time.GetUtcNow();
        var clock = machine.GetUtcNow();
        var after = time.GetUtcNow();
        var answered = time.GetTimestamp();

        // However long this thread was kept from running in between: the lead that needs the least change.
        var lead = TimeSpan.FromTicks(Math.Clamp(ahead.Ticks, (clock - after).Ticks, (clock - before).Ticks));
        var step = lead - ahead;
        if (step.Duration() > Tolerance)
        {
            ahead = lead.Duration() > Tolerance ? lead : TimeSpan.Zero;
            logger.ClockStepped(Seconds(step), Text(clock), Seconds(ahead));
        }

        Follow(clock, asked, answered);
        Note(database);
        return time.GetUtcNow().ToUnixTimeMilliseconds();
    }

    private void Follow(DateTimeOffset clock, long asked, long answered)
        => time.Follow((clock - ahead).ToUnixTimeMilliseconds(), asked, answered);

    // Of a step back nothing needs to be noted: the last commit's time is what counts then.
    private void Note(Database database)
    {
        var wanted = Math.Max(0, (long)ahead.TotalMilliseconds);
        if (wanted == NotedAhead(database))
            return;
        using var note = database.PrepareOnce(
            "INSERT INTO meta (key, value) VALUES ('clock-ahead', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
        note.Bind(1, wanted).Run();
    }

    private static long NotedAhead(Database database) => database.Scalar("SELECT value FROM meta WHERE key = 'clock-ahead'");

    private static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 1);

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

namespace Lease.Transport.Udp;

/// <summary>
/// Decides when a receive thread lets datagrams gather instead of waking for each: waking took a sixth of the processor's time, and what comes together is committed together.
/// Clients that send whatever is answered lose nothing by it; one that waits for each answer sends less, so when less than half as much comes the pauses end for a while.
/// </summary>
internal sealed class ArrivalPace(TimeProvider time)
{
    // Datagrams a second from which it pays: on a slower link an answer's delay counts more than the processor.
    private const double High = 10_000;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private long windowBegan = time.GetTimestamp();
    private long restsUntil;
    private int received;
    private double rateBefore;
    private bool pauses;

    /// <summary>Takes note of <paramref name="count"/> datagrams that have just come.</summary>
    /// <returns>Whether to wait a millisecond before the next are taken.</returns>
    public bool ShouldPause(int count)
    {
        received += count;
        var now = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(windowBegan, now);
        if (elapsed >= Window)
        {
            Decide(received / elapsed.TotalSeconds, now);
            windowBegan = now;
            received = 0;
        }

        return pauses;
    }

    private void Decide(double rate, long now)
    {
        if (pauses && rate < rateBefore / 2)
        {
            pauses = false;
            restsUntil = now + (long)(Rest.TotalSeconds * time.TimestampFrequency);
        }
        else
        {
            pauses = rate >= High && (pauses || now >= restsUntil);
        }

        rateBefore = rate;
    }
}

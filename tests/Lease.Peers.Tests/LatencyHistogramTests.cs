using Lease.Peers.Load;

namespace Lease.Peers.Tests;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Percentiles_are_right_within_seven_percent()
    {
        var histogram = new LatencyHistogram();
        for (var microseconds = 1; microseconds <= 100_000; microseconds++)
            histogram.Record(TimeSpan.FromMicroseconds(microseconds));
        foreach (var share in new[] { 0.5, 0.9, 0.99, 1.0 })
            histogram.Percentile(share).TotalMicroseconds.ShouldBeInRange(share * 100_000, share * 107_000);
    }

    [Fact]
    public void An_empty_histogram_has_no_latency() => new LatencyHistogram().Percentile(0.5).ShouldBe(TimeSpan.Zero);

    [Fact]
    public void Durations_out_of_range_are_counted_at_the_ends()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(TimeSpan.Zero);
        histogram.Record(TimeSpan.FromDays(1000));
        histogram.Count.ShouldBe(2);
    }
}

using System.Diagnostics;

namespace Lease.Cluster.Tests.Faults;

/// <summary>What was done when, in seconds since the traffic began.</summary>
internal sealed class RoundLog
{
    private readonly Lock gate = new();
    private readonly List<string> lines = [];
    private readonly long begin = Stopwatch.GetTimestamp();

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (gate)
                return [.. lines];
        }
    }

    public void Write(string line)
    {
        lock (gate)
            lines.Add($"{DateTime.UtcNow:HH:mm:ss.fff} {Stopwatch.GetElapsedTime(begin).TotalSeconds,7:0.000} {line}");
    }
}

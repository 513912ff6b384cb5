using System.Net;
using Lease.Cluster.Tests.Checking;
using Lease.Cluster.Tests.Hosts;
using Lease.Cluster.Tests.Traffic;

namespace Lease.Cluster.Tests.Faults;

/// <summary>How long the clients of a killed node had to wait: until the first of them, half of them, and all of them were served again.</summary>
internal sealed record FailoverResult(string Node, int Clients, int Affected, double First, double Median, double Last);

/// <summary>
/// kill -9 of one of the nodes under 1,000 exchanges a second. Clients renew all the time at the nodes that go on; those who get no answer in the first half second after the kill were the killed node's,
/// and are served again when the first reply to something sent after the kill has passed on the wire.
/// </summary>
internal static class Failover
{
    private const int Clients = 96;
    private const double Unserved = 0.5;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(Clients);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static async Task<List<FailoverResult>> MeasureAsync(int times, int nodes, Action<string> report)
    {
        var results = new List<FailoverResult>();
        await using var cluster = await ClusterUnderTest.StartAsync(nodes);
        using var relay = new RelaySocket(cluster.Network);
        var renewers = Enumerable.Range(0, Clients).Select(n => new RenewingClient(relay, n, IPAddress.Parse(ClusterUnderTest.LongLink))).ToList();
        foreach (var renewer in renewers)
            await renewer.BindAsync(cluster.Network.AddressOf("n1"));
        for (var time = 0; time < times; time++)
        {
            var node = cluster.Nodes[time % cluster.Nodes.Count];
            var result = await MeasureAsync(cluster, renewers, node);
            results.Add(result);
            report($"kill {time + 1}, {node}: {result.Affected} of {result.Clients} clients were its own; served again after {result.First:0.00} s (first), {result.Median:0.00} s (median), {result.Last:0.00} s (last)");
        }

        return results;
    }

    public static string Summarize(IReadOnlyList<FailoverResult> results)
    {
        var last = results.Select(static r => r.Last).Order().ToList();
        var median = results.Select(static r => r.Median).Order().ToList();
        return $"{results.Count} kills: half of the node's clients are served again after {median[median.Count / 2]:0.00} s (median), {median[^1]:0.00} s (worst); all after {last[last.Count / 2]:0.00} s (median), {last[^1]:0.00} s (worst)";
    }

    private static async Task<FailoverResult> MeasureAsync(ClusterUnderTest cluster, List<RenewingClient> renewers, string node)
    {
        var capture = await Capture.StartAsync(cluster.Network);
        var others = cluster.Nodes.Where(n => !string.Equals(n, node, StringComparison.Ordinal)).Select(cluster.Network.AddressOf).ToList();
        using var stop = new CancellationTokenSource();
        var renewing = renewers.ConvertAll(r => r.RunAsync(others, Pace, stop.Token));
        await Task.Delay(TimeSpan.FromSeconds(2));
        var killed = Now();
        await cluster.KillNodeAsync(node);
        await cluster.MoveMirrorsAsync(node, cluster.Nodes.First(n => !string.Equals(n, node, StringComparison.Ordinal)));
        var end = DateTime.UtcNow + Deadline;
        while (DateTime.UtcNow < end && !(Now() > killed + 1 && renewers.TrueForAll(r => r.LastServedAt > killed + Unserved)))
            await Task.Delay(20);
        await stop.CancelAsync();
        await Task.WhenAll(renewing);
        var packets = await capture.StopAsync();
        await cluster.StartNodeAsync(node);
        await cluster.AwaitShardsAsync(node);
        return Read(packets, renewers, node, killed);
    }

    private static FailoverResult Read(List<Packet> packets, List<RenewingClient> renewers, string node, double killed)
    {
        var asked = packets.Where(p => !p.FromServer && p.At > killed).Select(static p => (p.Client, p.Transaction)).ToHashSet();
        var served = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var reply in packets.Where(p => p.Kind == Kind.Reply && p.At > killed && asked.Contains((p.Client, p.Transaction))))
            served.TryAdd(reply.Client, reply.At - killed);
        var lost = renewers.Count(r => !served.ContainsKey(r.Client));
        if (lost > 0)
            throw new FaultTestException($"{lost} of {renewers.Count} clients were not served within {Deadline.TotalSeconds} s of the end of {node}");
        var waited = served.Values.Where(static s => s > Unserved).Order().ToList();
        return waited.Count == 0
            ? new FailoverResult(node, renewers.Count, 0, 0, 0, 0)
            : new FailoverResult(node, renewers.Count, waited.Count, waited[0], waited[waited.Count / 2], waited[^1]);
    }

    private static double Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
}

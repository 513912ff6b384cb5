using System.Net;
using Lease.Cluster.Tests.Checking;
using Lease.Cluster.Tests.Hosts;
using Lease.Cluster.Tests.Traffic;

namespace Lease.Cluster.Tests.Faults;

/// <summary>How long the clients of a lost node had to wait until the first of them, half of them, and all were served again.</summary>
internal sealed record FailoverResult(string Node, int Clients, int Affected, double First, double Median, double Last)
{
    public override string ToString()
        => $"{Affected} of {Clients} clients were its own; served again after {First:0.00} s (first), {Median:0.00} s (median), "
            + $"{Last:0.00} s (last)";
}

/// <summary>
/// The loss of one of the nodes, or of its database, under 1,000 exchanges a second. Clients renew all the time at the nodes that they
/// reach; those who get no answer in the first half second after the loss were the node's, and are served again when the first reply to
/// something sent after the loss has passed on the wire.
/// </summary>
internal static class Failover
{
    private const int Clients = 96;
    private const double Unserved = 0.5;
    private static readonly FaultKind[] Cuts = [FaultKind.CutDatabase, FaultKind.CutTowardsDatabase, FaultKind.CutFromDatabase];
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(Clients);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>kill -9 of each node in turn; its clients reach the others.</summary>
    public static Task<List<FailoverResult>> MeasureKillsAsync(int times, int nodes, Action<string> report)
        => MeasureAsync(times, nodes, async (cluster, renewers, time) =>
    {
        var node = cluster.Nodes[time % cluster.Nodes.Count];
        var others = cluster.Nodes.Where(n => !string.Equals(n, node, StringComparison.Ordinal)).ToList();
        var result = await MeasureAsync(cluster, renewers, node, others, async () =>
        {
            await cluster.KillNodeAsync(node);
            await cluster.MoveMirrorsAsync(node, others[0]);
        });
        await cluster.StartNodeAsync(node);
        await cluster.AwaitShardsAsync(node);
        report($"kill {time + 1}, {node}: {result}");
        return result;
    });

    /// <summary>Each node in turn is cut off from its database in silence, in one direction or both. Its clients reach only it.</summary>
    public static Task<List<FailoverResult>> MeasureCutsAsync(int times, int nodes, Action<string> report)
        => MeasureAsync(times, nodes, async (cluster, renewers, time) =>
    {
        var node = cluster.Nodes[time % cluster.Nodes.Count];
        var fault = Cuts[(time + (time / cluster.Nodes.Count)) % Cuts.Length];
        var result = await MeasureAsync(cluster, renewers, node, [node], async () =>
        {
            foreach (var (from, to) in FaultInjector.WaysOf(fault, node))
                await cluster.Network.CutAsync(from, to);
        });
        await cluster.Network.MendAllAsync();
        await cluster.AwaitShardsAsync(node);
        report($"cut {time + 1}, {node}, {fault}: {result}");
        return result;
    });

    public static string Summarize(IReadOnlyList<FailoverResult> results)
    {
        var last = results.Select(static r => r.Last).Order().ToList();
        var median = results.Select(static r => r.Median).Order().ToList();
        return $"{results.Count} times: half of the node's clients are served again after {median[median.Count / 2]:0.00} s (median), "
            + $"{median[^1]:0.00} s (worst); all after {last[last.Count / 2]:0.00} s (median), {last[^1]:0.00} s (worst)";
    }

    private static async Task<List<FailoverResult>> MeasureAsync(
        int times, int nodes, Func<ClusterUnderTest, List<RenewingClient>, int, Task<FailoverResult>> measure)
    {
        var results = new List<FailoverResult>();
        await using var cluster = await ClusterUnderTest.StartAsync(nodes);
        using var relay = new RelaySocket(cluster.Network);
        var renewers = Enumerable.Range(0, Clients).Select(n => new RenewingClient(relay, n, IPAddress.Parse(ClusterUnderTest.LongLink))).ToList();
        foreach (var renewer in renewers)
            await renewer.BindAsync(cluster.Network.AddressOf("n1"));
        for (var time = 0; time < times; time++)
            results.Add(await measure(cluster, renewers, time));
        return results;
    }

    private static async Task<FailoverResult> MeasureAsync(
        ClusterUnderTest cluster, List<RenewingClient> renewers, string node, IReadOnlyList<string> reached, Func<Task> lose)
    {
        var capture = await Capture.StartAsync(cluster.Network);
        using var stop = new CancellationTokenSource();
        var targets = reached.Select(cluster.Network.AddressOf).ToList();
        var renewing = renewers.ConvertAll(r => r.RunAsync(targets, Pace, stop.Token));
        await Task.Delay(TimeSpan.FromSeconds(2));
        var lost = Now();
        await lose();
        var end = DateTime.UtcNow + Deadline;
        while (DateTime.UtcNow < end && !(Now() > lost + 1 && renewers.TrueForAll(r => r.LastServedAt > lost + Unserved)))
            await Task.Delay(20);
        await stop.CancelAsync();
        await Task.WhenAll(renewing);
        return Read(await capture.StopAsync(), renewers, node, lost);
    }

    private static FailoverResult Read(List<Packet> packets, List<RenewingClient> renewers, string node, double lost)
    {
        var asked = packets.Where(p => !p.FromServer && p.At > lost).Select(static p => (p.Client, p.Transaction)).ToHashSet();
        var served = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var reply in packets.Where(p => p.Kind == Kind.Reply && p.At > lost && asked.Contains((p.Client, p.Transaction))))
            served.TryAdd(reply.Client, reply.At - lost);
        var unserved = renewers.Count(r => !served.ContainsKey(r.Client));
        if (unserved > 0)
        {
            throw new FaultTestException(
                $"{unserved} of {renewers.Count} clients were not served within {Deadline.TotalSeconds} s of the loss of {node}");
        }

        var waited = served.Values.Where(static s => s > Unserved).Order().ToList();
        return waited.Count == 0
            ? new FailoverResult(node, renewers.Count, 0, 0, 0, 0)
            : new FailoverResult(node, renewers.Count, waited.Count, waited[0], waited[waited.Count / 2], waited[^1]);
    }

    private static double Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
}

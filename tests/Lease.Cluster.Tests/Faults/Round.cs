using System.Diagnostics;
using System.Net;
using Lease.Cluster.Tests.Checking;
using Lease.Cluster.Tests.Hosts;
using Lease.Cluster.Tests.Traffic;

namespace Lease.Cluster.Tests.Faults;

/// <summary>What a round showed.</summary>
internal sealed record RoundResult(FaultPlan Plan, IReadOnlyList<string> Log, IReadOnlyList<string> Failures, string Summary);

/// <summary>A cluster of its own, traffic, faults, rest, and the verdict.</summary>
internal sealed class Round
{
    private const int LongClients = 140;
    private const int ShortClients = 90;
    private static readonly TimeSpan RestPatience = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(400);

    // A client that was in the way of every fault may send once more as late as this.
    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(20);

    private readonly FaultPlan plan;
    private readonly ClusterUnderTest cluster;
    private readonly Checker checker = new();
    private readonly List<string> failures = [];
    private readonly RoundLog log = new();

    private Round(FaultPlan plan, ClusterUnderTest cluster)
    {
        this.plan = plan;
        this.cluster = cluster;
    }

    /// <summary>Runs a round; where <paramref name="logs"/> is given, what all programs printed goes there when it fails.</summary>
    public static async Task<RoundResult> RunAsync(FaultPlan plan, int nodes, string? logs)
    {
        var begin = Stopwatch.GetTimestamp();
        await using var cluster = await ClusterUnderTest.StartAsync(nodes);
        var round = new Round(plan, cluster);
        var up = Stopwatch.GetElapsedTime(begin);
        string summary;
        try
        {
            summary = await round.RunAsync();
        }
        catch (Exception e) when (e is FaultTestException or TimeoutException or IOException or FormatException or AggregateException)
        {
            round.failures.Add(e.Message);
            summary = "broken off";
        }

        if (round.failures.Count > 0 && logs is not null)
        {
            cluster.WriteLogs(logs);
            await File.WriteAllLinesAsync(Path.Combine(logs, "round.log"), [.. round.log.Lines, .. round.failures]);
            if (File.Exists(Path.Combine(cluster.Network.Folder, "clients.pcap")))
                File.Copy(Path.Combine(cluster.Network.Folder, "clients.pcap"), Path.Combine(logs, "clients.pcap"), overwrite: true);
        }

        return new RoundResult(plan, round.log.Lines, round.failures, $"{summary}, up in {up.TotalSeconds:0.0} s");
    }

    private async Task<string> RunAsync()
    {
        var capture = await Capture.StartAsync(cluster.Network);
        using var relay = new RelaySocket(cluster.Network);
        await MakeTrafficAsync(relay);
        await cluster.Network.MendAllAsync();
        await AskEveryNodeAsync(relay);
        if (cluster.FindEnded() is { } ended)
            failures.Add(ended);

        // What is still on its way is not missed: nothing is answered later than this.
        await Task.Delay(TimeSpan.FromSeconds(1));
        foreach (var packet in await capture.StopAsync())
            checker.Take(packet);
        if (plan.IsMaintenance)
            checker.RequireAnswers(Now());
        var rested = await RestAsync();
        failures.AddRange(checker.Violations.Select(static v => v.ToString()));
        var (answered, all) = checker.Exchanges;
        if (checker.Granted < plan.Traffic.TotalSeconds * 10)
            failures.Add($"only {checker.Granted} leases were granted or renewed: that is no load");
        return $"{checker.Packets} packets, {answered} of {all} exchanges answered, {checker.Granted} grants, {checker.Reused} of another's, {checker.LateOverlaps} late, equal after {rested.TotalSeconds:0.0} s";
    }

    private async Task MakeTrafficAsync(RelaySocket relay)
    {
        log.Write($"traffic of seed {plan.Seed}");
        using var stop = new CancellationTokenSource();
        using var abandon = new CancellationTokenSource();
        var nodes = Targets;
        var clients = Enumerable.Range(0, LongClients + ShortClients)
            .Select(n => new TrafficClient(relay, nodes, plan.Seed, n, IPAddress.Parse(n < LongClients ? ClusterUnderTest.LongLink : ClusterUnderTest.ShortLink)).RunAsync(stop.Token, abandon.Token))
            .ToList();
        try
        {
            await Task.WhenAll(Task.Delay(plan.Traffic), new FaultInjector(cluster, log).RunAsync(plan));

            // Whatever was done, the cluster is under load for a while afterwards.
            await Task.Delay(TimeSpan.FromSeconds(2));
        }
        finally
        {
            await stop.CancelAsync();
            abandon.CancelAfter(LastAnswers);
            await Task.WhenAll(clients);
            log.Write("end of the traffic");
        }
    }

    private IReadOnlyList<IPAddress> Targets() => [.. cluster.Nodes.Select(cluster.Network.AddressOf)];

    /// <summary>Every node answers clients again, whoever's shard they are in.</summary>
    private async Task AskEveryNodeAsync(RelaySocket relay)
    {
        const int Clients = 24;
        var asked = new List<(string Node, Task<bool> Served)>();
        foreach (var node in cluster.Nodes)
        {
            IReadOnlyList<IPAddress> target = [cluster.Network.AddressOf(node)];
            for (var i = 0; i < Clients; i++)
            {
                var client = new TrafficClient(relay, () => target, plan.Seed, 1000 + (asked.Count * 7), IPAddress.Parse(ClusterUnderTest.LongLink));
                asked.Add((node, client.IsServedAsync()));
            }
        }

        await Task.WhenAll(asked.Select(static a => a.Served));
        foreach (var node in asked.GroupBy(static a => a.Node, StringComparer.Ordinal))
        {
            var unserved = node.Count(static a => !a.Served.Result);
            if (unserved > 0)
                failures.Add($"{node.Key} did not answer {unserved} of {Clients} clients when all was mended");
        }

        log.Write("every node was asked");
    }

    /// <summary>Awaits that all nodes and all mirrors have the same, and judges it.</summary>
    private async Task<TimeSpan> RestAsync()
    {
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            var states = new List<(string Where, double At, List<HeldLease> Held)>();
            try
            {
                // The time after the answer: a lease that ends while a node is asked need not be in it.
                foreach (var node in cluster.Nodes)
                {
                    var held = await cluster.QueryAsync(node);
                    states.Add((node, Now(), held));
                }

                foreach (var requestor in ClusterUnderTest.Requestors)
                {
                    var held = cluster.ReadMirror(requestor);
                    states.Add(("the mirror on " + requestor, Now(), held));
                }
            }
            catch (Exception e) when (e is FaultTestException or TimeoutException && Stopwatch.GetElapsedTime(begin) < RestPatience)
            {
                log.Write($"not yet: {e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]}");
                await Task.Delay(Step);
                continue;
            }

            var differences = Compare(states);
            if (differences.Count > 0 && Stopwatch.GetElapsedTime(begin) < RestPatience)
            {
                await Task.Delay(Step);
                continue;
            }

            log.Write(differences.Count == 0 ? "all have the same" : "they do not become the same");
            failures.AddRange(differences);
            foreach (var (where, at, held) in states)
                checker.TakeBindings(held, at, where);
            return Stopwatch.GetElapsedTime(begin);
        }
    }

    /// <summary>Leases that end about now are left out: who was asked later does not have them any more.</summary>
    private static List<string> Compare(List<(string Where, double At, List<HeldLease> Held)> states)
    {
        var soon = Now() + 2;
        var sets = states.ConvertAll(s => (s.Where, Held: s.Held.Where(l => l.Until > soon).Select(static l => (l.Resource, l.Client)).ToHashSet()));
        var ending = states.SelectMany(static s => s.Held).Where(l => l.Until <= soon).Select(static l => l.Resource).ToHashSet();
        var differences = new List<string>();
        foreach (var (where, held) in sets.Skip(1))
        {
            var less = sets[0].Held.Except(held).Where(l => !ending.Contains(l.Resource)).ToList();
            var more = held.Except(sets[0].Held).Where(l => !ending.Contains(l.Resource)).ToList();
            if (less.Count + more.Count > 0)
            {
                differences.Add($"{Rule.Different}: {sets[0].Where} has {sets[0].Held.Count} leases, {where} {held.Count}; only {sets[0].Where}: {string.Join(", ", less.Take(4))}; "
                    + $"only {where}: {string.Join(", ", more.Take(4))}");
            }
        }

        if (sets[0].Held.Count == 0)
            differences.Add($"{sets[0].Where} has no leases at all");
        return differences;
    }

    private static double Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
}

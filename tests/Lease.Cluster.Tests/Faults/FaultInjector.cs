using Lease.Cluster.Tests.Hosts;

namespace Lease.Cluster.Tests.Faults;

/// <summary>Does to a cluster what a plan says, and writes down when.</summary>
internal sealed class FaultInjector(ClusterUnderTest cluster, RoundLog log)
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(40);

    // A node is stopped and started by one fault at a time.
    private readonly Dictionary<string, SemaphoreSlim> busy = Enumerable.Range(1, 9).ToDictionary(static n => $"n{n}", static _ => new SemaphoreSlim(1, 1), StringComparer.Ordinal);

    public async Task RunAsync(FaultPlan plan) => await Task.WhenAll(plan.Faults.Select(RunAsync));

    private async Task RunAsync(Fault fault)
    {
        await Task.Delay(fault.At);
        var network = cluster.Network;
        switch (fault.Kind)
        {
            case FaultKind.KillNode:
                await KillAsync(fault);
                break;
            case FaultKind.PauseNode:
                await PauseAsync(fault);
                break;
            case FaultKind.CutNodes:
                await CutAsync(fault, [(fault.Node, fault.Other), (fault.Other, fault.Node)]);
                break;
            case FaultKind.CutNodesOneWay:
                await CutAsync(fault, [(fault.Node, fault.Other)]);
                break;
            case FaultKind.CutDatabase or FaultKind.CutTowardsDatabase or FaultKind.CutFromDatabase:
                await CutAsync(fault, WaysOf(fault.Kind, fault.Node));
                break;
            case FaultKind.Isolate:
                log.Write($"cable of {fault.Node} pulled");
                await network.SetJoinedAsync(fault.Node, joined: false);
                await MoveMirrorsAsync(fault);
                await Task.Delay(fault.Duration);
                await network.SetJoinedAsync(fault.Node, joined: true);
                log.Write($"cable of {fault.Node} plugged in");
                break;
            case FaultKind.FailOver:
                await FailOverAsync();
                break;
            case FaultKind.RollingRestart:
                await RollAsync();
                break;
            case FaultKind.AddNode:
                var name = $"n{cluster.Nodes.Count + 1}";
                log.Write($"{name} joins");
                await cluster.AddNodeAsync(name);
                log.Write($"{name} serves");
                break;
            case FaultKind.StepClock:
                SetClock(fault.Node, fault.Clock.First);
                await Task.Delay(fault.Duration);
                SetClock(fault.Node, fault.Clock.Then);
                break;
            case FaultKind.SetDatabaseBack:
                SetClock(fault.Node == "n1" ? cluster.Databases.Replica : cluster.Databases.Primary, -fault.Clock.First.Duration());
                break;
            case FaultKind.ChangeDelegatedLength:
                await ChangeDelegatedLengthAsync(ClusterUnderTest.OtherDelegatedLength);
                await Task.Delay(fault.Duration);
                await ChangeDelegatedLengthAsync(ClusterUnderTest.DelegatedLength);
                break;
            default:
                throw new InvalidOperationException($"{fault.Kind}");
        }
    }

    /// <summary>What a cut between a node and the databases takes away.</summary>
    public static IReadOnlyList<(string From, string To)> WaysOf(FaultKind cut, string node) => cut switch
    {
        FaultKind.CutTowardsDatabase => [(node, "p1"), (node, "p2")],
        FaultKind.CutFromDatabase => [("p1", node), ("p2", node)],
        _ => [(node, "p1"), (node, "p2"), ("p1", node), ("p2", node)],
    };

    private void SetClock(string host, TimeSpan ahead)
    {
        log.Write($"clock of {host} is set {Math.Abs(ahead.TotalSeconds)} s {(ahead > TimeSpan.Zero ? "ahead" : "behind")}");
        cluster.Clocks.Set(host, ahead);
    }

    private async Task KillAsync(Fault fault)
    {
        await busy[fault.Node].WaitAsync();
        try
        {
            log.Write($"kill -9 {fault.Node}");
            await cluster.KillNodeAsync(fault.Node);
            await cluster.MoveMirrorsAsync(fault.Node, fault.Other);
            await Task.Delay(fault.Duration);
            await StartAsync(fault.Node);
        }
        finally
        {
            busy[fault.Node].Release();
        }
    }

    private async Task PauseAsync(Fault fault)
    {
        await busy[fault.Node].WaitAsync();
        try
        {
            log.Write($"SIGSTOP {fault.Node}");
            await cluster.SignalNodeAsync(fault.Node, 19);
            await MoveMirrorsAsync(fault);
            await Task.Delay(fault.Duration);
            await cluster.SignalNodeAsync(fault.Node, 18);
            log.Write($"SIGCONT {fault.Node}");
        }
        finally
        {
            busy[fault.Node].Release();
        }
    }

    private async Task CutAsync(Fault fault, IReadOnlyList<(string From, string To)> ways)
    {
        log.Write($"cut {string.Join(", ", ways.Select(static w => $"{w.From} to {w.To}"))}");
        foreach (var (from, to) in ways)
            await cluster.Network.CutAsync(from, to);
        await MoveMirrorsAsync(fault);
        await Task.Delay(fault.Duration);
        foreach (var (from, to) in ways)
            await cluster.Network.MendAsync(from, to);
        log.Write($"mended {string.Join(", ", ways.Select(static w => $"{w.From} to {w.To}"))}");
    }

    private async Task FailOverAsync()
    {
        var databases = cluster.Databases;
        log.Write($"kill -9 of PostgreSQL on {databases.Primary}");
        await databases.KillPrimaryAsync();
        await databases.PromoteAsync();
        log.Write($"{databases.Primary} is promoted");
    }

    private async Task RollAsync()
    {
        foreach (var node in cluster.Nodes)
        {
            await busy[node].WaitAsync();
            try
            {
                log.Write($"SIGTERM {node}");
                await cluster.MoveMirrorsAsync(node, cluster.Nodes.First(n => !string.Equals(n, node, StringComparison.Ordinal)));
                await cluster.StopNodeAsync(node);
                log.Write($"{node} has ended");
                await StartAsync(node);
            }
            finally
            {
                busy[node].Release();
            }
        }
    }

    // Those with the new configuration serve when the last one with the old has stopped.
    private async Task ChangeDelegatedLengthAsync(int length)
    {
        foreach (var node in cluster.Nodes)
            await busy[node].WaitAsync();
        try
        {
            log.Write($"prefixes of the pools are /{length} now");
            await cluster.WriteConfigurationsAsync(length);
            var starts = new List<Task>();
            foreach (var node in cluster.Nodes)
            {
                log.Write($"SIGTERM {node}");
                await cluster.StopNodeAsync(node);
                starts.Add(StartAsync(node));
            }

            await Task.WhenAll(starts);
        }
        finally
        {
            foreach (var node in cluster.Nodes)
                busy[node].Release();
        }
    }

    /// <summary>As systemd would: what does not come up (its database is away) is started again.</summary>
    private async Task StartAsync(string node)
    {
        for (var end = DateTime.UtcNow + StartPatience; ; await Task.Delay(500))
        {
            try
            {
                await cluster.StartNodeAsync(node);
                log.Write($"{node} serves again");
                return;
            }
            catch (Exception e) when (e is FaultTestException or TimeoutException && DateTime.UtcNow < end)
            {
                log.Write($"{node} did not start: {e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]}");
            }
        }
    }

    private async Task MoveMirrorsAsync(Fault fault)
    {
        if (!fault.MovesMirrors)
            return;
        log.Write($"mirrors of {fault.Node} follow {fault.Other}");
        await cluster.MoveMirrorsAsync(fault.Node, fault.Other);
    }
}

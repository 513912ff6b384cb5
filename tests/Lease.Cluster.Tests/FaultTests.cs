using Lease.Cluster.Tests.Faults;
using Lease.Cluster.Tests.Hosts;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Lease.Cluster.Tests;

/// <summary>A few rounds of <c>tests/faults</c>.</summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int Nodes = 3;

    [Theory]
    [InlineData(1, nameof(FaultKind.KillNode))]
    [InlineData(2, nameof(FaultKind.FailOver))]
    [InlineData(3, nameof(FaultKind.CutNodes))]
    [InlineData(4, nameof(FaultKind.PauseNode))]
    [InlineData(5, nameof(FaultKind.RollingRestart))]
    [InlineData(6, nameof(FaultKind.StepClock))]
    [InlineData(7, nameof(FaultKind.SetDatabaseBack))]
    [InlineData(8, nameof(FaultKind.ChangeDelegatedLength))]
    public Task Nothing_is_granted_twice_lost_or_forgotten(int seed, string kind) => RunAsync(FaultPlan.Make(seed, Nodes, TimeSpan.FromSeconds(8), Enum.Parse<FaultKind>(kind)));

    // The database goes while the new node starts.
    [Fact]
    public Task A_node_that_is_added_waits_for_a_database_that_fails_meanwhile() => RunAsync(new FaultPlan(
        31000,
        [
            new Fault(FaultKind.AddNode, TimeSpan.FromSeconds(2.13), default, "n2", "n1", MovesMirrors: false),
            new Fault(FaultKind.FailOver, TimeSpan.FromSeconds(3.73), default, "n2", "n3", MovesMirrors: false),
        ],
        TimeSpan.FromSeconds(12)));

    [Fact]
    public async Task The_clients_of_a_killed_node_are_served_again()
    {
        Assert.SkipWhen(ClusterUnderTest.Missing is not null, ClusterUnderTest.Missing ?? string.Empty);
        var results = await Failover.MeasureKillsAsync(1, Nodes, output.WriteLine);
        Assert.InRange(results[0].Affected, 1, results[0].Clients - 1);
    }

    private async Task RunAsync(FaultPlan plan)
    {
        Assert.SkipWhen(ClusterUnderTest.Missing is not null, ClusterUnderTest.Missing ?? string.Empty);
        var result = await Round.RunAsync(plan, Nodes, Path.Combine(Path.GetTempPath(), $"lease-faults-test-{plan.Seed}"));
        output.WriteLine(result.Summary);
        Assert.True(result.Failures.Count == 0, string.Join('\n', [.. result.Log, .. result.Failures.Take(10)]));
    }
}

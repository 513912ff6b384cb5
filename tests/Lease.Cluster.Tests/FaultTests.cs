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
    public async Task Nothing_is_granted_twice_lost_or_forgotten(int seed, string kind)
    {
        Assert.SkipWhen(ClusterUnderTest.Missing is not null, ClusterUnderTest.Missing ?? string.Empty);
        var plan = FaultPlan.Make(seed, Nodes, TimeSpan.FromSeconds(8), Enum.Parse<FaultKind>(kind));
        var result = await Round.RunAsync(plan, Nodes, Path.Combine(Path.GetTempPath(), $"lease-faults-test-{seed}"));
        output.WriteLine(result.Summary);
        Assert.True(result.Failures.Count == 0, string.Join('\n', [.. result.Log, .. result.Failures.Take(10)]));
    }

    [Fact]
    public async Task The_clients_of_a_killed_node_are_served_again()
    {
        Assert.SkipWhen(ClusterUnderTest.Missing is not null, ClusterUnderTest.Missing ?? string.Empty);
        var results = await Failover.MeasureAsync(1, Nodes, output.WriteLine);
        Assert.InRange(results[0].Affected, 1, results[0].Clients - 1);
    }
}

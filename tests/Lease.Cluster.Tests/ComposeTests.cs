using Lease.Cluster.Tests.Hosts;

namespace Lease.Cluster.Tests;

/// <summary><c>docker-compose.yml</c> and <c>Dockerfile</c> as they are, without Docker: in namespaces.</summary>
public sealed class ComposeTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(6);

    [Fact]
    public async Task The_cluster_of_docker_compose_goes_on_without_a_node_and_without_its_primary()
    {
        var run = new RunningProgram(Path.Combine(ClusterUnderTest.Top, "tests/compose/run"), ["--namespaces"]);
        await using (run)
        {
            var inTime = await run.WaitForExitAsync(Deadline);
            output.WriteLine(run.Output);
            var lines = run.Output.TrimEnd().Split('\n');
            Assert.SkipWhen(lines[^1].StartsWith("SKIPPED: ", StringComparison.Ordinal), lines[^1]);
            Assert.True(inTime && lines[^1] is "PASSED (namespaces)", string.Join('\n', lines.TakeLast(20).Prepend(inTime ? "it did not pass:" : $"it did not end within {Deadline.TotalMinutes} minutes:")));
        }
    }
}

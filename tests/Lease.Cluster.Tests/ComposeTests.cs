using Lease.Cluster.Tests.Hosts;
using Lease.Testing;

namespace Lease.Cluster.Tests;

/// <summary><c>docker-compose.yml</c> and <c>Dockerfile</c> as they are, with Docker, and where there is none at least in namespaces.</summary>
public sealed class ComposeTests(ITestOutputHelper output)
{
    // With Docker it makes the base image too.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);

    [Fact]
    public Task The_cluster_of_docker_compose_goes_on_without_a_node_and_without_its_primary() => PassesAsync("docker");

    [Fact]
    public Task So_it_does_in_namespaces_without_Docker() => PassesAsync("namespaces", "--namespaces");

    private async Task PassesAsync(string engine, params string[] arguments)
    {
        var run = new RunningProgram(Path.Combine(ClusterUnderTest.Top, "tests/compose/run"), arguments);
        await using (run)
        {
            var inTime = await run.WaitForExitAsync(Deadline);
            output.WriteLine(run.Output);
            var lines = run.Output.TrimEnd().Split('\n');
            Assert.SkipWhen(lines[^1].StartsWith("SKIPPED: ", StringComparison.Ordinal), lines[^1]);
            Assert.True(
                inTime && lines[^1] == $"PASSED ({engine})", string.Join('\n', lines.TakeLast(20).Prepend(inTime ? "it did not pass:" : $"it did not end within {Deadline.TotalMinutes} minutes:")));
        }
    }
}

using System.Globalization;
using Lease.Host.Server;
using Lease.Host.Tests.Leasequery;

namespace Lease.Host.Tests.Commands;

public sealed class RehearsalTests
{
    [Fact]
    public async Task Simulated_clients_get_leases_and_nothing_is_left()
    {
        using var log = new LogLines();
        var before = Folders();
        await Rehearsal.RunAsync(TimeProvider.System, log, TestContext.Current.CancellationToken);
        var line = log.Lines.ShouldHaveSingleItem();
        line.ShouldStartWith("rehearsed ");
        int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture).ShouldBeGreaterThan(50);
        Folders().Except(before).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_node_that_is_told_to_end_rehearses_no_longer()
    {
        using var log = new LogLines();
        await Should.ThrowAsync<OperationCanceledException>(() => Rehearsal.RunAsync(TimeProvider.System, log, new CancellationToken(canceled: true)));
        log.Lines.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_a_temporary_folder_the_log_says_so_and_the_node_goes_on()
    {
        var errors = await ServeAsync(new Dictionary<string, string> { ["TMPDIR"] = "/nowhere" });
        errors.ShouldContain("no rehearsal with simulated clients on the loopback, so the first clients may wait longer: ");
        errors.ShouldContain("nowhere0");
    }

    [Fact]
    public async Task It_can_be_switched_off()
    {
        (await ServeAsync([])).ShouldContain("exchanges with simulated clients on the loopback in ");
        (await ServeAsync([], "\"node\": {\"rehearsal\": false}, ")).ShouldNotContain("rehears");
    }

    // Its interface is not there, so it ends when it has rehearsed.
    private static async Task<string> ServeAsync(Dictionary<string, string> environment, string node = "")
    {
        var folder = Directory.CreateTempSubdirectory("lease-serve-");
        try
        {
            var file = Path.Combine(folder.FullName, "lease.json");
            await File.WriteAllTextAsync(file, $$$"""{"Lease": {{{{node}}}"server-port": 0}, "Dhcp6": {"interfaces-config": {"interfaces": ["nowhere0"]} } }""", TestContext.Current.CancellationToken);
            var (code, _, errors) = await LeaseCommand.RunAsync(environment, "serve", "--config", file, "--data", folder.FullName);
            code.ShouldBe(1);
            return errors;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string[] Folders() => Directory.GetDirectories(Path.GetTempPath(), $"lease-rehearsal-{Environment.ProcessId}-*");
}

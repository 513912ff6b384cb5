using System.Diagnostics;
using System.Runtime.InteropServices;
using Lease.Cluster.Tests.Hosts;

namespace Lease.Cluster.Tests.Faults;

/// <summary><c>tests/faults</c>: as many rounds as one likes, one by its seed, or the time of a failover.</summary>
internal static class FaultsCommand
{
    private const int Nodes = 3;
    private const int Shown = 4;

    public static async Task<int> RunAsync(string[] arguments)
    {
        int? rounds = null, seed = null, failover = null, cutOff = null;
        var kinds = new List<FaultKind>();
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var known = i + 1 < arguments.Length;
            switch (arguments[i])
            {
                case "--rounds" when known && int.TryParse(arguments[i + 1], out var value):
                    rounds = value;
                    break;
                case "--seed" when known && int.TryParse(arguments[i + 1], out var value):
                    seed = value;
                    break;
                case "--failover" when known && int.TryParse(arguments[i + 1], out var value):
                    failover = value;
                    break;
                case "--cut-off" when known && int.TryParse(arguments[i + 1], out var value):
                    cutOff = value;
                    break;
                case "--fault" when known && Enum.TryParse<FaultKind>(arguments[i + 1], ignoreCase: true, out var kind):
                    kinds.Add(kind);
                    break;
                default:
                    await Console.Error.WriteLineAsync(
                        "usage: tests/faults [--rounds N] [--seed S] [--fault KIND]... | tests/faults --failover N | "
                        + "tests/faults --cut-off N\n"
                        + $"KIND: {string.Join(", ", Enum.GetNames<FaultKind>())}");
                    return 2;
            }
        }

        if (ClusterUnderTest.Missing is { } missing)
        {
            await Console.Error.WriteLineAsync($"this cannot be run here: it {missing}");
            return 1;
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        if (failover is { } times)
            return await MeasureAsync(() => Failover.MeasureKillsAsync(times, Nodes, Console.WriteLine));
        if (cutOff is { } cuts)
            return await MeasureAsync(() => Failover.MeasureCutsAsync(cuts, Nodes, Console.WriteLine));
        return await RunRoundsAsync(rounds ?? 1, seed ?? Environment.TickCount & 0xfffff, kinds, verbose: rounds is null);
    }

    private static void End(PosixSignalContext signal)
    {
        signal.Cancel = true;
        Console.Error.WriteLine("told to end: what was started is removed");
        TestNetwork.RemoveAllAsync().Wait();
        Environment.Exit(1);
    }

    private static async Task<int> RunRoundsAsync(int rounds, int first, IReadOnlyList<FaultKind> kinds, bool verbose)
    {
        var failed = new List<int>();
        var begin = Stopwatch.GetTimestamp();
        for (var seed = first; seed < first + rounds; seed++)
        {
            var plan = FaultPlan.Make(seed, Nodes, TimeSpan.FromSeconds(12), kinds);
            var logs = Path.Combine(Path.GetTempPath(), $"lease-faults-seed-{seed}");
            RoundResult result;
            try
            {
                result = await Round.RunAsync(plan, Nodes, logs);
            }
            catch (Exception e) when (e is FaultTestException or TimeoutException)
            {
                result = new RoundResult(plan, [], [e.Message], "not set up");
            }

            Console.WriteLine($"seed {seed}: {(result.Failures.Count == 0 ? "ok" : $"FAILED ({result.Failures.Count})")}, {string.Join(" and ", plan.Faults.Select(static f => f.Kind))}: {result.Summary}");
            if (result.Failures.Count > 0)
            {
                failed.Add(seed);
                Console.WriteLine($"  what all programs printed, and the packets: {logs}");
            }

            foreach (var line in verbose || result.Failures.Count > 0 ? result.Log : [])
                Console.WriteLine($"  {line}");
            foreach (var failure in result.Failures.Take(Shown))
                Console.WriteLine($"  {failure}");
            if (result.Failures.Count > Shown)
                Console.WriteLine($"  and {result.Failures.Count - Shown} more, in round.log there");
        }

        Console.WriteLine($"{rounds} rounds, {failed.Count} failed{(failed.Count == 0 ? string.Empty : $" (seeds {string.Join(", ", failed)})")}, {Stopwatch.GetElapsedTime(begin).TotalSeconds:0} s");
        return failed.Count == 0 ? 0 : 1;
    }

    private static async Task<int> MeasureAsync(Func<Task<List<FailoverResult>>> measure)
    {
        try
        {
            Console.WriteLine(Failover.Summarize(await measure()));
            return 0;
        }
        catch (Exception e) when (e is FaultTestException or TimeoutException)
        {
            Console.WriteLine(e.Message);
            return 1;
        }
    }
}

using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Lease.Benchmarks.Micro;

/// <summary>Runs the benchmarks of this folder; BenchmarkDotNet's arguments choose among them (all, when there are none).</summary>
internal static class MicroBenchmarks
{
    /// <summary>Runs them; reports go to artifacts/benchmarks.</summary>
    public static void Run(string[] args)
    {
        // In this process: no project is made and built for each run, and what was built is what is measured.
        var inProcess = Job.Default.WithToolchain(InProcessEmitToolchain.Instance).AsMutator();
        var config = DefaultConfig.Instance.AddJob(inProcess).WithArtifactsPath("artifacts/benchmarks");
        BenchmarkSwitcher.FromAssembly(typeof(MicroBenchmarks).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, config);
    }
}

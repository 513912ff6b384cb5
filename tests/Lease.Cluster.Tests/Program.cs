using Lease.Cluster.Tests.Faults;

namespace Lease.Cluster.Tests;

/// <summary>The tests; with <c>faults</c> as the first word, the command <c>tests/faults</c>.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        if (arguments is ["faults", ..])
            return await FaultsCommand.RunAsync(arguments[1..]);
        if (arguments.Any(static a => a is "--server" or "--internal-msbuild-node"))
            return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(arguments, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
        return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(arguments);
    }
}

using System.Runtime.InteropServices;

namespace Lease.Host.Server;

/// <summary>Lets a thread wait for others: what .NET calls thread priority has no effect on Linux.</summary>
internal static partial class ThreadNiceness
{
    private const int PrioProcess = 0;
    private const int Niceness = 10;

    /// <summary>Lowers the calling thread's priority, on Linux (where setpriority with 0 is about the calling thread).</summary>
    public static void Lower()
    {
        // What it cannot do it leaves: the thread then takes its share like any other.
        if (OperatingSystem.IsLinux())
            _ = SetPriority(PrioProcess, 0, Niceness);
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetPriority(int which, uint who, int priority);
}

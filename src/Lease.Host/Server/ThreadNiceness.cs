using System.Runtime.InteropServices;

namespace Lease.Host.Server;

/// <summary>Lets a thread wait for others: what .NET calls thread priority has no effect on Linux.</summary>
internal static partial class ThreadNiceness
{
    private const int PrioProcess = 0;

    /// <summary>Sets the niceness of the calling thread (0 to 19), on Linux, where setpriority with 0 is about the calling thread.</summary>
    public static void Set(int niceness)
    {
        // Where it fails the thread takes its share like any other.
        if (OperatingSystem.IsLinux())
            _ = SetPriority(PrioProcess, 0, niceness);
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetPriority(int which, uint who, int priority);
}

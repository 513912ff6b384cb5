using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lease.Cluster.Tests.Hosts;

/// <summary>Runs something on a thread of its own that has moved into a network namespace. A socket stays in the namespace in which it was made.</summary>
internal static class NetworkNamespace
{
    private const int NetworkNamespaceFlag = 0x40000000;

    public static T Run<T>(string path, Func<T> make)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle(path);
                if (SetNamespace(file, NetworkNamespaceFlag) != 0)
                    throw new IOException($"setns {path}: error {Marshal.GetLastPInvokeError()}");
                result = make();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(SafeFileHandle file, int kind);
}

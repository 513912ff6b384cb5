using System.Diagnostics;

namespace Lease.Storage.Tests;

/// <summary>A file system in memory that is soon full. Needs root; without it the test is skipped and says so.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static async Task<SmallDisk> MountAsync(string owner = "root")
    {
        var path = Directory.CreateTempSubdirectory("lease-disk-").FullName;
        if (await RunAsync("mount", "-t", "tmpfs", "-o", $"size=16m,uid={owner}", "tmpfs", path) == 0)
            return new SmallDisk(path);
        Directory.Delete(path);
        Assert.Skip("a small file system cannot be mounted here (not root?)");
        throw new UnreachableException();
    }

    /// <summary>Refuses writes from now on, also to root.</summary>
    public async Task MakeReadOnlyAsync() => (await RunAsync("mount", "-o", "remount,ro", Path)).ShouldBe(0);

    /// <summary>Writes until nothing more fits.</summary>
    public static void Fill(string file)
    {
        using var ballast = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
                ballast.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // It is full: that was the aim.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("umount", Path);
        Directory.Delete(Path);
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}

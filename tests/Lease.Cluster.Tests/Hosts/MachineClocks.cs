using System.Buffers.Binary;

namespace Lease.Cluster.Tests.Hosts;

/// <summary>
/// A time of day for each host: no namespace has a clock of its own, so programs are started with a library that shows them another one (<c>clock.c</c>). Only for programs that are asked to.
/// </summary>
internal sealed class MachineClocks
{
    private readonly string library;

    private MachineClocks(string library) => this.library = library;

    /// <summary>Why there can be none; null when there can.</summary>
    public static string? Missing => TestNetwork.Find("cc") is null ? "needs cc, which ./test installs on Debian as root" : null;

    public static async Task<MachineClocks> MakeAsync(TestNetwork network, string host)
    {
        var library = Path.Combine(network.Folder, "clock.so");
        await network.RunAsync(host, "cc", "-Wall", "-Werror", "-O2", "-shared", "-fPIC", "-o", library, Path.Combine(AppContext.BaseDirectory, "Hosts", "clock.c"));
        return new MachineClocks(library);
    }

    /// <summary>Sets a host's clock: so much ahead of the right time, or behind it; in whole seconds.</summary>
    public void Set(string host, TimeSpan ahead)
    {
        var seconds = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(seconds, (long)ahead.TotalSeconds);

        // In place: those that run have this file in their memory.
        using var file = new FileStream(FileOf(host), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        file.Write(seconds);
    }

    /// <summary>A command by which a program sees the host's clock.</summary>
    public IEnumerable<string> Preloading(string host, string program) => [$"LD_PRELOAD={library}", $"MACHINE_CLOCK={FileOf(host)}", program];

    private string FileOf(string host) => library + "." + host;
}

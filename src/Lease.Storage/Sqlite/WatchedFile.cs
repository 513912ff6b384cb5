using System.Runtime.InteropServices;
using System.Text;

namespace Lease.Storage.Sqlite;

/// <summary>
/// A file that must stay where it is, and only grows. One look is one call of the system and allocates nothing. For one thread at a time.
/// </summary>
internal sealed partial class WatchedFile
{
    private const int Enoent = 2;
    private const int Enotdir = 20;

    private readonly byte[] path;
    private readonly FileStatus first;
    private ulong size;

    /// <summary>Watches <paramref name="name"/> as it is now.</summary>
    /// <exception cref="StoreException">It is not there.</exception>
    public WatchedFile(string name)
    {
        Name = name;
        path = Encoding.UTF8.GetBytes(name + '\0');
        if (Read(out first) is var error and not 0)
            throw new StoreException($"{name} cannot be watched: {Marshal.GetPInvokeErrorMessage(error)}");
        size = first.Size;
    }

    /// <summary>Its path.</summary>
    public string Name { get; }

    /// <summary>What has happened to it, in words; null: it is the same file, and not shorter than it was.</summary>
    public string? FindLoss()
    {
        switch (Read(out var now))
        {
            case 0:
                break;
            case Enoent or Enotdir:
                return "was deleted or moved";
            case var error:
                return $"cannot be found any more ({Marshal.GetPInvokeErrorMessage(error)})";
        }

        if (now.Inode != first.Inode || now.DeviceMajor != first.DeviceMajor || now.DeviceMinor != first.DeviceMinor)
            return "was replaced by another file";
        if (now.Size < size)
            return $"was cut from {size} to {now.Size} octets by another program";
        size = now.Size;
        return null;
    }

    private int Read(out FileStatus status)
    {
        const int relativeToFolder = -100; // AT_FDCWD
        const uint inodeAndSize = 0x300; // STATX_INO | STATX_SIZE
        return Statx(relativeToFolder, path, 0, inodeAndSize, out status) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, byte[] path, int flags, uint mask, out FileStatus status);

    // struct statx, which is the same on every architecture.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct FileStatus
    {
        [FieldOffset(32)]
        public ulong Inode;
        [FieldOffset(40)]
        public ulong Size;
        [FieldOffset(136)]
        public uint DeviceMajor;
        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}

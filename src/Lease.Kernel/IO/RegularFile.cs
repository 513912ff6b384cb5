using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Lease.Kernel.IO;

/// <summary>
/// Reads a file that a configuration or a command line names. What is no regular file is not opened: a FIFO blocks until somebody writes, a
/// device may have no end.
/// </summary>
public static partial class RegularFile
{
    /// <summary>The largest file that is read, in octets.</summary>
    public const int MaxSize = 64 << 20;

    private const int CurrentDirectory = -100;
    private const uint TypeOnly = 1;
    private const int StatSize = 256;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xf000;
    private const int Regular = 0x8000;

    /// <summary>Reads a text: UTF-8, or what its byte order mark says.</summary>
    /// <exception cref="IOException">It is not there, is no regular file, or is too large; the message says which and why.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static string ReadText(string path)
    {
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
            throw new IOException("this is no name of a file");
        if (DefectOf(path) is { } defect)
            throw new IOException(defect);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        using var octets = new MemoryStream();
        Span<byte> piece = stackalloc byte[1 << 14];
        for (int read; (read = file.Read(piece)) > 0;)
        {
            if (octets.Length + read > MaxSize)
                throw new IOException($"{path} has more than {MaxSize >> 20} MiB");
            octets.Write(piece[..read]);
        }

        octets.Position = 0;
        return new StreamReader(octets).ReadToEnd();
    }

    /// <summary>Why the file is not read; null when it may be read, or when the opening will say why it cannot be.</summary>
    public static string? DefectOf(string path)
    {
        // statx, since its result has the same layout everywhere.
        Span<byte> found = stackalloc byte[StatSize];
        if (Stat(CurrentDirectory, path, flags: 0, TypeOnly, ref MemoryMarshal.GetReference(found)) != 0)
            return null;
        var mode = BitConverter.IsLittleEndian
            ? BinaryPrimitives.ReadUInt16LittleEndian(found[ModeOffset..])
            : BinaryPrimitives.ReadUInt16BigEndian(found[ModeOffset..]);
        return (mode & TypeMask) == Regular ? null : $"{path} is no regular file: folders, devices, sockets and pipes are not read";
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Stat(int directory, string path, int flags, uint mask, ref byte found);
}

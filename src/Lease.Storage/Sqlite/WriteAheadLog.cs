using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Lease.Storage.Sqlite;

/// <summary>
/// The log that a store left behind which was not closed, looked at before SQLite opens it: SQLite takes what it can read from the front and
/// drops the rest without a word, as it must for a transaction that was under way. Formats: SQLite's "WAL-mode File Format".
/// </summary>
internal static class WriteAheadLog
{
    private const int HeaderSize = 32;
    private const int FrameHeaderSize = 24;
    private const uint Magic = 0x377f0682;
    private const int SaltAt = 16;

    // In the index (lease.db-shm), in the machine's order of octets.
    private const int IndexSize = 100;
    private const int IndexCopySize = 48;
    private const int InitializedAt = 12;
    private const int LastFrameAt = 16;
    private const int IndexSaltAt = 32;
    private const int BackfilledAt = 96;

    /// <summary>The octets of committed pages in the log of <paramref name="database"/>.</summary>
    /// <exception cref="StoreException">Committed pages are missing or cannot be read.</exception>
    public static long RequireSound(string database)
    {
        var name = database + "-wal";
        using var file = TryOpen(name);
        var header = new byte[HeaderSize];
        var hasHeader = file is not null && file.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false) == HeaderSize
            && header.AsSpan().ContainsAnyExcept((byte)0);
        var found = hasHeader ? Scan(file!, header, name) : default;
        var index = ReadIndex(database + "-shm");
        var isOfThisLog = !hasHeader || index.Salt.AsSpan().SequenceEqual(header.AsSpan(SaltAt, 8));
        if (isOfThisLog && index.LastFrame > Math.Max(found.Committed, index.Backfilled))
            throw Damaged(name, $"{index.LastFrame} pages were committed to it, and {found.Committed} can be read");
        return found.Committed * (long)found.PageSize;
    }

    private static FileStream? TryOpen(string name)
    {
        try
        {
            return new FileStream(name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"{name} cannot be read: {e.Message}", e);
        }
    }

    private static (uint Committed, int PageSize) Scan(FileStream file, byte[] header, string name)
    {
        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        var sum = new Checksum(isBigEndian: (magic & 1) != 0);
        sum.Add(header.AsSpan(0, FrameHeaderSize));
        var pageSize = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(8));
        if ((magic & ~1u) != Magic || !sum.Is(header.AsSpan(FrameHeaderSize)) || pageSize is < 512 or > 65_536)
            throw Damaged(name, "its header cannot be read");
        var (committed, number, isBroken, wasCommitted) = (0u, 0u, false, false);
        var frame = new byte[FrameHeaderSize + pageSize];
        while (file.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length)
        {
            number++;
            var isOfThisLog = frame.AsSpan(8, 8).SequenceEqual(header.AsSpan(SaltAt, 8));
            sum.Add(frame.AsSpan(0, 8));
            sum.Add(frame.AsSpan(FrameHeaderSize));
            isBroken |= !isOfThisLog || !sum.Is(frame.AsSpan(16));
            if (!isOfThisLog)
                continue;

            // A transaction is on the disk before the next one begins: only the last one may be there in part.
            if (wasCommitted)
                throw Damaged(name, $"page {committed + 1} of it cannot be read, and others were committed behind it");
            var isCommit = BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(4)) != 0;
            wasCommitted = isBroken && isCommit;
            if (isCommit && !isBroken)
                committed = number;
        }

        return (committed, pageSize);
    }

    // What the last process knew of the log: written behind each commit, so it is never ahead of what is on the disk.
    private static (uint LastFrame, uint Backfilled, byte[] Salt) ReadIndex(string name)
    {
        using var file = TryOpen(name);
        var index = new byte[IndexSize];
        if (file is null || file.ReadAtLeast(index, IndexSize, throwOnEndOfStream: false) < IndexSize || index[InitializedAt] != 1
            || !index.AsSpan(0, IndexCopySize).SequenceEqual(index.AsSpan(IndexCopySize, IndexCopySize)))
            return (0, 0, []);
        return (
            MemoryMarshal.Read<uint>(index.AsSpan(LastFrameAt)),
            MemoryMarshal.Read<uint>(index.AsSpan(BackfilledAt)),
            index[IndexSaltAt..(IndexSaltAt + 8)]);
    }

    private static StoreException Damaged(string name, string what) => StoreFolder.Lost($"{name} is damaged: {what}");

    private struct Checksum(bool isBigEndian)
    {
        private uint first;
        private uint second;

        public void Add(ReadOnlySpan<byte> octets)
        {
            for (var i = 0; i < octets.Length; i += 8)
            {
                first += Word(octets[i..]) + second;
                second += Word(octets[(i + 4)..]) + first;
            }
        }

        public readonly bool Is(ReadOnlySpan<byte> stored)
            => BinaryPrimitives.ReadUInt32BigEndian(stored) == first && BinaryPrimitives.ReadUInt32BigEndian(stored[4..]) == second;

        private readonly uint Word(ReadOnlySpan<byte> octets)
            => isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(octets) : BinaryPrimitives.ReadUInt32LittleEndian(octets);
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Lease.Storage.Postgres;

/// <summary>The rows of an answer, in binary form; what spans show is gone when it is disposed.</summary>
internal sealed class Result(IntPtr handle) : IDisposable
{
    private IntPtr handle = handle;

    public int Rows { get; } = LibPq.Rows(handle);

    /// <summary>A <c>smallint</c>, <c>integer</c> or <c>bigint</c>; 0 for NULL.</summary>
    public long Int64(int row, int column)
    {
        var octets = Blob(row, column);
        return octets.Length switch
        {
            0 => 0,
            sizeof(short) => BinaryPrimitives.ReadInt16BigEndian(octets),
            sizeof(int) => BinaryPrimitives.ReadInt32BigEndian(octets),
            _ => BinaryPrimitives.ReadInt64BigEndian(octets),
        };
    }

    public bool IsNull(int row, int column) => LibPq.IsNull(handle, row, column) != 0;

    public string Text(int row, int column) => Encoding.UTF8.GetString(Blob(row, column));

    /// <summary>A <c>bytea</c>, or any value as it stands.</summary>
    public unsafe ReadOnlySpan<byte> Blob(int row, int column) => new(LibPq.Value(handle, row, column), LibPq.Length(handle, row, column));

    /// <summary>A <c>bytea</c> of 16 octets as a number.</summary>
    public UInt128 Address(int row, int column) => BinaryPrimitives.ReadUInt128BigEndian(Blob(row, column));

    public void Dispose()
    {
        if (handle == IntPtr.Zero)
            return;
        LibPq.Clear(handle);
        handle = IntPtr.Zero;
    }
}

using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Npgsql;

namespace Lease.Storage.Postgres;

/// <summary>
/// The rows of an answer, in PostgreSQL's binary form. All are here before the first is looked at, so that the connection is free: whoever looks may ask the store itself. What spans show is gone
/// when it is disposed.
/// </summary>
internal sealed class Result : IDisposable
{
    private const int NullLength = -1;

    private readonly int columns;
    private byte[] octets = [];
    private (int Start, int Length)[] cells = [];
    private int used;

    private Result(int columns) => this.columns = columns;

    public int Rows { get; private set; }

    /// <summary>Takes all rows.</summary>
    public static Result Read(NpgsqlDataReader reader)
    {
        var result = new Result(reader.FieldCount);
        try
        {
            while (reader.Read())
                result.Add(reader);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>A <c>smallint</c>, <c>integer</c> or <c>bigint</c>; 0 for NULL.</summary>
    public long Int64(int row, int column)
    {
        var value = Blob(row, column);
        return value.Length switch
        {
            0 => 0,
            sizeof(short) => BinaryPrimitives.ReadInt16BigEndian(value),
            sizeof(int) => BinaryPrimitives.ReadInt32BigEndian(value),
            _ => BinaryPrimitives.ReadInt64BigEndian(value),
        };
    }

    public bool IsNull(int row, int column) => Cell(row, column).Length == NullLength;

    public string Text(int row, int column) => Encoding.UTF8.GetString(Blob(row, column));

    /// <summary>A <c>bytea</c>, or any value as it stands; empty for NULL.</summary>
    public ReadOnlySpan<byte> Blob(int row, int column)
    {
        var (start, length) = Cell(row, column);
        return length == NullLength ? default : octets.AsSpan(start, length);
    }

    /// <summary>A <c>bytea</c> of 16 octets as a number.</summary>
    public UInt128 Address(int row, int column) => BinaryPrimitives.ReadUInt128BigEndian(Blob(row, column));

    public void Dispose()
    {
        Return(octets);
        Return(cells);
        octets = [];
        cells = [];
        Rows = 0;
    }

    private (int Start, int Length) Cell(int row, int column)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        return cells[(row * columns) + column];
    }

    private void Add(NpgsqlDataReader reader)
    {
        var cell = Rows * columns;
        Reserve(ref cells, cell, columns);
        for (var column = 0; column < columns; column++)
        {
            if (reader.IsDBNull(column))
            {
                cells[cell + column] = (used, NullLength);
                continue;
            }

            // Without a place to put them this tells how many there are.
            var length = (int)reader.GetBytes(column, 0, buffer: null, 0, 0);
            Reserve(ref octets, used, length);
            reader.GetBytes(column, 0, octets, used, length);
            cells[cell + column] = (used, length);
            used += length;
        }

        Rows++;
    }

    private static void Reserve<T>(ref T[] array, int used, int more)
    {
        if (array.Length - used >= more)
            return;
        var larger = ArrayPool<T>.Shared.Rent(Math.Max(array.Length * 2, used + more));
        array.AsSpan(0, used).CopyTo(larger);
        Return(array);
        array = larger;
    }

    private static void Return<T>(T[] array)
    {
        if (array.Length > 0)
            ArrayPool<T>.Shared.Return(array);
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Lease.Storage.Postgres;

/// <summary>The values of one call in PostgreSQL's binary form, one behind the other in a buffer that is used again. For one thread at a time.</summary>
internal sealed class Parameters
{
    private const int NullLength = -1;
    private const uint OidOfBytea = 17;
    private const uint OidOfInt8 = 20;
    private const uint OidOfText = 25;

    private byte[] buffer = new byte[4096];
    private (int Start, int Length)[] values = new (int, int)[48];
    private int used;

    public int Count { get; private set; }

    public ReadOnlySpan<(int Start, int Length)> Values => values.AsSpan(0, Count);

    public byte[] Buffer => buffer;

    public Parameters Clear()
    {
        used = 0;
        Count = 0;
        return this;
    }

    /// <summary>A <c>bigint</c>.</summary>
    public Parameters Add(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(Begin(sizeof(long)), value);
        return this;
    }

    /// <summary>A <c>text</c>; null for NULL.</summary>
    public Parameters Add(string? value)
    {
        if (value is null)
            return AddNull();
        Encoding.UTF8.GetBytes(value, Begin(Encoding.UTF8.GetByteCount(value)));
        return this;
    }

    /// <summary>A <c>bytea</c>.</summary>
    public Parameters Add(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Begin(value.Length));
        return this;
    }

    /// <summary>A <c>bytea</c> of 16 octets: an address as a number, first octet most significant.</summary>
    public Parameters AddAddress(UInt128 address)
    {
        BinaryPrimitives.WriteUInt128BigEndian(Begin(16), address);
        return this;
    }

    /// <summary>NULL.</summary>
    public Parameters AddNull()
    {
        Begin(0);
        values[Count - 1].Length = NullLength;
        return this;
    }

    /// <summary>A <c>bigint[]</c>, whose elements are appended next.</summary>
    public void BeginInt64Array(int count) => BeginArray(OidOfInt8, count);

    /// <summary>A <c>bytea[]</c>, whose elements are appended next.</summary>
    public void BeginBytesArray(int count) => BeginArray(OidOfBytea, count);

    /// <summary>A <c>text[]</c>, whose elements are appended next.</summary>
    public void BeginTextArray(int count) => BeginArray(OidOfText, count);

    /// <summary>An element of a <c>bigint[]</c>.</summary>
    public void Append(long value) => BinaryPrimitives.WriteInt64BigEndian(AppendElement(sizeof(long)), value);

    /// <summary>An element of a <c>bytea[]</c>.</summary>
    public void Append(ReadOnlySpan<byte> value) => value.CopyTo(AppendElement(value.Length));

    /// <summary>An element of a <c>bytea[]</c>; null for NULL.</summary>
    public void Append(ReadOnlyMemory<byte>? value)
    {
        if (value is { } octets)
            Append(octets.Span);
        else
            BinaryPrimitives.WriteInt32BigEndian(Extend(sizeof(int)), NullLength);
    }

    /// <summary>An element of a <c>bytea[]</c>: an address as a number.</summary>
    public void AppendAddress(UInt128 address) => BinaryPrimitives.WriteUInt128BigEndian(AppendElement(16), address);

    /// <summary>An element of a <c>text[]</c>.</summary>
    public void Append(string value) => Encoding.UTF8.GetBytes(value, AppendElement(Encoding.UTF8.GetByteCount(value)));

    // array_recv: dimensions, flags, the elements' type; for the one dimension: size and lower bound. An empty array has no dimension.
    private void BeginArray(uint elementType, int count)
    {
        var header = Begin((count == 0 ? 3 : 5) * sizeof(int));
        BinaryPrimitives.WriteInt32BigEndian(header, count == 0 ? 0 : 1);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(header[8..], elementType);
        if (count == 0)
            return;
        BinaryPrimitives.WriteInt32BigEndian(header[12..], count);
        BinaryPrimitives.WriteInt32BigEndian(header[16..], 1);
    }

    private Span<byte> AppendElement(int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(Extend(sizeof(int)), length);
        return Extend(length);
    }

    private Span<byte> Begin(int length)
    {
        if (Count == values.Length)
            Array.Resize(ref values, Count * 2);
        values[Count++] = (used, 0);
        return Extend(length);
    }

    private Span<byte> Extend(int length)
    {
        if (buffer.Length - used < length)
            Array.Resize(ref buffer, Math.Max(buffer.Length * 2, used + length));
        var space = buffer.AsSpan(used, length);
        used += length;
        values[Count - 1].Length += length;
        return space;
    }
}

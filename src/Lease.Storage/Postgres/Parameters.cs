using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Npgsql;
using NpgsqlTypes;

namespace Lease.Storage.Postgres;

/// <summary>The values of one call, in lists that are used again. Octets are arrays: what Npgsql does with those is compiled ahead of time. For one thread at a time.</summary>
internal sealed class Parameters
{
    private readonly List<Value> values = [];
    private int count;

    private enum Kind
    {
        Int64,
        Text,
        Bytes,
        Int64Array,
        BytesArray,
        TextArray,
    }

    public Parameters Clear()
    {
        count = 0;
        return this;
    }

    /// <summary>A <c>bigint</c>.</summary>
    public Parameters Add(long value)
    {
        Begin(Kind.Int64).Number = value;
        return this;
    }

    /// <summary>A <c>text</c>.</summary>
    public Parameters Add(string value)
    {
        Begin(Kind.Text).Text = value;
        return this;
    }

    /// <summary>A <c>bytea</c>.</summary>
    public Parameters Add(ReadOnlySpan<byte> value)
    {
        Begin(Kind.Bytes).Octets = value.ToArray();
        return this;
    }

    /// <summary>A <c>bytea</c> of 16 octets: an address as a number, first octet most significant.</summary>
    public Parameters AddAddress(UInt128 address)
    {
        Begin(Kind.Bytes).Octets = ArrayOf(address);
        return this;
    }

    /// <summary>A <c>bigint[]</c>, whose elements are appended next.</summary>
    public void BeginInt64Array() => Begin(Kind.Int64Array).Numbers.Clear();

    /// <summary>A <c>bytea[]</c>, whose elements are appended next.</summary>
    public void BeginBytesArray() => Begin(Kind.BytesArray).Blobs.Clear();

    /// <summary>A <c>text[]</c>, whose elements are appended next.</summary>
    public void BeginTextArray() => Begin(Kind.TextArray).Texts.Clear();

    /// <summary>An element of a <c>bigint[]</c>.</summary>
    public void Append(long value) => values[count - 1].Numbers.Add(value);

    /// <summary>An element of a <c>bytea[]</c>.</summary>
    public void Append(ReadOnlySpan<byte> value) => values[count - 1].Blobs.Add(value.ToArray());

    /// <summary>An element of a <c>bytea[]</c>, which must stand until the call is made; null for NULL.</summary>
    public void Append(ReadOnlyMemory<byte>? value) => values[count - 1].Blobs.Add(value is { } octets ? ArrayOf(octets) : null);

    /// <summary>An element of a <c>bytea[]</c>: an address as a number.</summary>
    public void AppendAddress(UInt128 address) => values[count - 1].Blobs.Add(ArrayOf(address));

    /// <summary>An element of a <c>text[]</c>.</summary>
    public void Append(string value) => values[count - 1].Texts.Add(value);

    /// <summary>Gives a statement the values. It keeps the types of its first call.</summary>
    public void Bind(NpgsqlCommand command)
    {
        for (var i = 0; i < count; i++)
        {
            if (command.Parameters.Count == i)
                command.Parameters.Add(values[i].MakeParameter());
            values[i].Bind(command.Parameters[i]);
        }
    }

    private Value Begin(Kind kind)
    {
        if (count == values.Count)
            values.Add(new Value());
        var value = values[count++];
        value.Kind = kind;
        return value;
    }

    private static byte[] ArrayOf(UInt128 address)
    {
        var octets = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(octets, address);
        return octets;
    }

    // Most is a whole array already.
    private static byte[] ArrayOf(ReadOnlyMemory<byte> octets)
        => MemoryMarshal.TryGetArray(octets, out var segment) && segment.Array is { } array && array.Length == segment.Count ? array : octets.ToArray();

    private sealed class Value
    {
        public Kind Kind { get; set; }

        public long Number { get; set; }

        public string Text { get; set; } = "";

        public byte[] Octets { get; set; } = [];

        public List<long> Numbers { get; } = [];

        public List<byte[]?> Blobs { get; } = [];

        public List<string> Texts { get; } = [];

        public NpgsqlParameter MakeParameter() => Kind switch
        {
            Kind.Int64 => new NpgsqlParameter<long> { NpgsqlDbType = NpgsqlDbType.Bigint },
            Kind.Text => new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text },
            Kind.Bytes => new NpgsqlParameter<byte[]> { NpgsqlDbType = NpgsqlDbType.Bytea },
            Kind.Int64Array => new NpgsqlParameter<List<long>> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
            Kind.BytesArray => new NpgsqlParameter<List<byte[]?>> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
            _ => new NpgsqlParameter<List<string>> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
        };

        public void Bind(NpgsqlParameter parameter)
        {
            switch (Kind)
            {
                case Kind.Int64:
                    ((NpgsqlParameter<long>)parameter).TypedValue = Number;
                    break;
                case Kind.Text:
                    ((NpgsqlParameter<string>)parameter).TypedValue = Text;
                    break;
                case Kind.Bytes:
                    ((NpgsqlParameter<byte[]>)parameter).TypedValue = Octets;
                    break;
                case Kind.Int64Array:
                    ((NpgsqlParameter<List<long>>)parameter).TypedValue = Numbers;
                    break;
                case Kind.BytesArray:
                    ((NpgsqlParameter<List<byte[]?>>)parameter).TypedValue = Blobs;
                    break;
                default:
                    ((NpgsqlParameter<List<string>>)parameter).TypedValue = Texts;
                    break;
            }
        }
    }
}

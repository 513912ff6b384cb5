using Npgsql;
using NpgsqlTypes;

namespace Lease.Storage.Postgres;

/// <summary>The values of one call, in lists and a buffer that are used again. For one thread at a time.</summary>
internal sealed class Parameters
{
    private readonly List<Value> values = [];
    private byte[] buffer = new byte[4096];
    private int used;

    private enum Kind
    {
        Int64,
        Text,
        Bytes,
        Int64Array,
        BytesArray,
        TextArray,
    }

    public int Count { get; private set; }

    public Parameters Clear()
    {
        used = 0;
        Count = 0;
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
        Begin(Kind.Bytes).Octets = Keep(value);
        return this;
    }

    /// <summary>A <c>bytea</c> of 16 octets: an address as a number, first octet most significant.</summary>
    public Parameters AddAddress(UInt128 address)
    {
        Begin(Kind.Bytes).Octets = Keep(address);
        return this;
    }

    /// <summary>A <c>bigint[]</c>, whose elements are appended next.</summary>
    public void BeginInt64Array() => Begin(Kind.Int64Array).Numbers.Clear();

    /// <summary>A <c>bytea[]</c>, whose elements are appended next.</summary>
    public void BeginBytesArray() => Begin(Kind.BytesArray).Blobs.Clear();

    /// <summary>A <c>text[]</c>, whose elements are appended next.</summary>
    public void BeginTextArray() => Begin(Kind.TextArray).Texts.Clear();

    /// <summary>An element of a <c>bigint[]</c>.</summary>
    public void Append(long value) => values[Count - 1].Numbers.Add(value);

    /// <summary>An element of a <c>bytea[]</c>.</summary>
    public void Append(ReadOnlySpan<byte> value) => values[Count - 1].Blobs.Add(Keep(value));

    /// <summary>An element of a <c>bytea[]</c>, which must stand until the call is made; null for NULL.</summary>
    public void Append(ReadOnlyMemory<byte>? value) => values[Count - 1].Blobs.Add(value);

    /// <summary>An element of a <c>bytea[]</c>: an address as a number.</summary>
    public void AppendAddress(UInt128 address) => values[Count - 1].Blobs.Add(Keep(address));

    /// <summary>An element of a <c>text[]</c>.</summary>
    public void Append(string value) => values[Count - 1].Texts.Add(value);

    /// <summary>Gives a statement the values. It keeps the types of its first call.</summary>
    public void Bind(NpgsqlCommand command)
    {
        for (var i = 0; i < Count; i++)
        {
            if (command.Parameters.Count == i)
                command.Parameters.Add(values[i].MakeParameter());
            values[i].Bind(command.Parameters[i]);
        }
    }

    private Value Begin(Kind kind)
    {
        if (Count == values.Count)
            values.Add(new Value());
        var value = values[Count++];
        value.Kind = kind;
        return value;
    }

    private ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> octets)
    {
        var kept = Extend(octets.Length);
        octets.CopyTo(kept.Span);
        return kept;
    }

    private ReadOnlyMemory<byte> Keep(UInt128 address)
    {
        var kept = Extend(16);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(kept.Span, address);
        return kept;
    }

    // What was kept in a buffer that is full stays there.
    private Memory<byte> Extend(int length)
    {
        if (buffer.Length - used < length)
        {
            buffer = new byte[Math.Max(buffer.Length * 2, length)];
            used = 0;
        }

        var space = buffer.AsMemory(used, length);
        used += length;
        return space;
    }

    private sealed class Value
    {
        public Kind Kind { get; set; }

        public long Number { get; set; }

        public string Text { get; set; } = "";

        public ReadOnlyMemory<byte> Octets { get; set; }

        public List<long> Numbers { get; } = [];

        public List<ReadOnlyMemory<byte>?> Blobs { get; } = [];

        public List<string> Texts { get; } = [];

        public NpgsqlParameter MakeParameter() => Kind switch
        {
            Kind.Int64 => new NpgsqlParameter<long> { NpgsqlDbType = NpgsqlDbType.Bigint },
            Kind.Text => new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text },
            Kind.Bytes => new NpgsqlParameter<ReadOnlyMemory<byte>> { NpgsqlDbType = NpgsqlDbType.Bytea },
            Kind.Int64Array => new NpgsqlParameter<List<long>> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
            Kind.BytesArray => new NpgsqlParameter<List<ReadOnlyMemory<byte>?>> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
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
                    ((NpgsqlParameter<ReadOnlyMemory<byte>>)parameter).TypedValue = Octets;
                    break;
                case Kind.Int64Array:
                    ((NpgsqlParameter<List<long>>)parameter).TypedValue = Numbers;
                    break;
                case Kind.BytesArray:
                    ((NpgsqlParameter<List<ReadOnlyMemory<byte>?>>)parameter).TypedValue = Blobs;
                    break;
                default:
                    ((NpgsqlParameter<List<string>>)parameter).TypedValue = Texts;
                    break;
            }
        }
    }
}

using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6;

/// <summary>An option as it stands in a packet (RFC 8415 section 21.1).</summary>
/// <param name="code">Its code.</param>
/// <param name="data">Its data, without code and length.</param>
public readonly ref struct Option(OptionCode code, ReadOnlySpan<byte> data)
{
    /// <summary>Octets of code and length.</summary>
    public const int HeaderSize = 4;

    /// <summary>The code; also one that this program does not know.</summary>
    public OptionCode Code { get; } = code;

    /// <summary>The data, without code and length.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;
}

/// <summary>
/// Options one after the other. Reading stops at the first that goes beyond the end; <see cref="OptionValidator"/> tells beforehand whether there is one.
/// </summary>
/// <param name="octets">The options' octets.</param>
public readonly ref struct OptionList(ReadOnlySpan<byte> octets)
{
    /// <summary>The octets.</summary>
    public ReadOnlySpan<byte> Octets { get; } = octets;

    /// <summary>Enumerates the options in their order.</summary>
    public Enumerator GetEnumerator() => new(Octets);

    /// <summary>The data of the first option with <paramref name="code"/>.</summary>
    public bool TryGet(OptionCode code, out ReadOnlySpan<byte> data)
    {
        foreach (var option in this)
        {
            if (option.Code != code)
                continue;
            data = option.Data;
            return true;
        }

        data = default;
        return false;
    }

    /// <summary>Whether there is an option with <paramref name="code"/>.</summary>
    public bool Contains(OptionCode code) => TryGet(code, out _);

    /// <summary>How many options have <paramref name="code"/>.</summary>
    public int Count(OptionCode code)
    {
        var count = 0;
        foreach (var option in this)
            count += option.Code == code ? 1 : 0;
        return count;
    }

    /// <summary>The number in the first option with <paramref name="code"/>: u8, u16 or u32, as long as the option is.</summary>
    /// <returns>False when there is none, or its data is not of 1, 2 or 4 octets.</returns>
    public bool TryGetNumber(OptionCode code, out uint number)
    {
        number = 0;
        return TryGet(code, out var data) && TryReadNumber(data, out number);
    }

    internal static bool TryReadNumber(ReadOnlySpan<byte> data, out uint number)
    {
        number = data.Length switch
        {
            1 => data[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(data),
            4 => BinaryPrimitives.ReadUInt32BigEndian(data),
            _ => 0,
        };
        return data.Length is 1 or 2 or 4;
    }

    /// <summary>Walks over options.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> rest;

        internal Enumerator(ReadOnlySpan<byte> octets) => rest = octets;

        /// <summary>The option at which the walk is.</summary>
        public Option Current { get; private set; }

        /// <summary>Goes on to the next option; false at the end, and at an option that goes beyond it.</summary>
        public bool MoveNext()
        {
            if (rest.Length < Option.HeaderSize)
                return false;
            var code = BinaryPrimitives.ReadUInt16BigEndian(rest);
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (length > rest.Length - Option.HeaderSize)
                return false;
            Current = new Option((OptionCode)code, rest.Slice(Option.HeaderSize, length));
            rest = rest[(Option.HeaderSize + length)..];
            return true;
        }
    }
}

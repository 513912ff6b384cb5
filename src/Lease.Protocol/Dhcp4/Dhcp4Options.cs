using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp4;

/// <summary>An option as it stands in a message (RFC 2132 section 2): maybe a part of one that is split (RFC 3396).</summary>
/// <param name="code">Its code.</param>
/// <param name="data">Its data, without code and length.</param>
public readonly ref struct Dhcp4Option(Dhcp4OptionCode code, ReadOnlySpan<byte> data)
{
    /// <summary>Octets of code and length.</summary>
    public const int HeaderSize = 2;

    /// <summary>Most octets of data in one part.</summary>
    public const int MaxData = 255;

    /// <summary>The code; also one that this program does not know.</summary>
    public Dhcp4OptionCode Code { get; } = code;

    /// <summary>The data, without code and length.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;
}

/// <summary>
/// The options of a message, in the order in which they belong together: those of the options field, then those of an overloaded file field, then of sname (RFC 3396
/// section 5). They have been checked by <see cref="Dhcp4Message.TryRead"/>.
/// </summary>
public readonly ref struct Dhcp4OptionList
{
    private readonly ReadOnlySpan<byte> options;
    private readonly ReadOnlySpan<byte> file;
    private readonly ReadOnlySpan<byte> serverName;

    internal Dhcp4OptionList(ReadOnlySpan<byte> options, ReadOnlySpan<byte> file, ReadOnlySpan<byte> serverName)
    {
        this.options = options;
        this.file = file;
        this.serverName = serverName;
    }

    /// <summary>Options that stand alone, as they are stored.</summary>
    /// <param name="octets">Codes, lengths and data, checked before.</param>
    public Dhcp4OptionList(ReadOnlySpan<byte> octets)
        : this(octets, default, default)
    {
    }

    /// <summary>Enumerates the options in their order, each part of a split one by itself.</summary>
    public Enumerator GetEnumerator() => new(options, file, serverName);

    /// <summary>The data of the first option, or part of one, with <paramref name="code"/>.</summary>
    public bool TryGet(Dhcp4OptionCode code, out ReadOnlySpan<byte> data)
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
    public bool Contains(Dhcp4OptionCode code) => TryGet(code, out _);

    /// <summary>The data of the option with all its parts (RFC 3396): in place where there is only one, else put together in <paramref name="buffer"/>.</summary>
    /// <returns>False when there is no such option, or it does not fit.</returns>
    public bool TryGetWhole(Dhcp4OptionCode code, Span<byte> buffer, out ReadOnlySpan<byte> data)
    {
        data = default;
        var parts = 0;
        var length = 0;
        foreach (var option in this)
        {
            if (option.Code != code)
                continue;
            data = option.Data;
            parts++;
            length += option.Data.Length;
        }

        if (parts < 2)
            return parts == 1;
        if (length > buffer.Length)
            return false;
        var taken = 0;
        foreach (var option in this)
        {
            if (option.Code != code)
                continue;
            option.Data.CopyTo(buffer[taken..]);
            taken += option.Data.Length;
        }

        data = buffer[..taken];
        return true;
    }

    /// <summary>The number in the option with <paramref name="code"/>: u8, u16 or u32, as long as its first part is.</summary>
    public bool TryGetNumber(Dhcp4OptionCode code, out uint number)
    {
        number = 0;
        return TryGet(code, out var data) && Dhcp6.OptionList.TryReadNumber(data, out number);
    }

    /// <summary>The first address in the option with <paramref name="code"/>.</summary>
    public bool TryGetAddress(Dhcp4OptionCode code, out Ipv4Address address)
    {
        address = default;
        if (!TryGet(code, out var data) || data.Length < Ipv4Address.Size)
            return false;
        address = Ipv4Address.Read(data);
        return true;
    }

    /// <summary>Walks over the options of the fields.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> rest;
        private ReadOnlySpan<byte> second;
        private ReadOnlySpan<byte> third;

        internal Enumerator(ReadOnlySpan<byte> options, ReadOnlySpan<byte> file, ReadOnlySpan<byte> serverName)
        {
            rest = options;
            second = file;
            third = serverName;
        }

        /// <summary>The option at which the walk is.</summary>
        public Dhcp4Option Current { get; private set; }

        /// <summary>Goes on to the next option; false at the end.</summary>
        public bool MoveNext()
        {
            while (true)
            {
                if (TryNext())
                    return true;
                if (second.IsEmpty && third.IsEmpty)
                    return false;
                rest = second;
                second = third;
                third = default;
            }
        }

        private bool TryNext()
        {
            while (!rest.IsEmpty && rest[0] == (byte)Dhcp4OptionCode.Pad)
                rest = rest[1..];
            if (rest.Length < Dhcp4Option.HeaderSize || rest[0] == (byte)Dhcp4OptionCode.End || rest[1] > rest.Length - Dhcp4Option.HeaderSize)
                return false;
            Current = new((Dhcp4OptionCode)rest[0], rest.Slice(Dhcp4Option.HeaderSize, rest[1]));
            rest = rest[(Dhcp4Option.HeaderSize + Current.Data.Length)..];
            return true;
        }
    }
}

/// <summary>Sub-options with codes and lengths of one octet: within relay agent information (RFC 3046 section 2.0) and vendor-specific information.</summary>
/// <param name="octets">The option's data.</param>
public readonly ref struct SubOptionList(ReadOnlySpan<byte> octets)
{
    private readonly ReadOnlySpan<byte> octets = octets;

    /// <summary>Whether every sub-option ends within the data.</summary>
    public bool AreWhole
    {
        get
        {
            var rest = octets;
            while (!rest.IsEmpty)
            {
                if (rest.Length < Dhcp4Option.HeaderSize || rest[1] > rest.Length - Dhcp4Option.HeaderSize)
                    return false;
                rest = rest[(Dhcp4Option.HeaderSize + rest[1])..];
            }

            return true;
        }
    }

    /// <summary>The data of the first sub-option with <paramref name="code"/>.</summary>
    public bool TryGet(RelayAgentSubOption code, out ReadOnlySpan<byte> data)
    {
        var rest = octets;
        while (rest.Length >= Dhcp4Option.HeaderSize && rest[1] <= rest.Length - Dhcp4Option.HeaderSize)
        {
            data = rest.Slice(Dhcp4Option.HeaderSize, rest[1]);
            if (rest[0] == (byte)code)
                return true;
            rest = rest[(Dhcp4Option.HeaderSize + data.Length)..];
        }

        data = default;
        return false;
    }

    /// <summary>The address in the sub-option with <paramref name="code"/>.</summary>
    public bool TryGetAddress(RelayAgentSubOption code, out Ipv4Address address)
    {
        var found = TryGet(code, out var data) && data.Length == Ipv4Address.Size;
        address = found ? new Ipv4Address(BinaryPrimitives.ReadUInt32BigEndian(data)) : default;
        return found;
    }
}

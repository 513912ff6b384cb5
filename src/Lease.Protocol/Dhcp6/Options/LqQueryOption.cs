namespace Lease.Protocol.Dhcp6.Options;

/// <summary>LQ_QUERY (RFC 5007 section 4.1.2.1): query-type u8, link-address 16, query-options.</summary>
public readonly ref struct LqQueryOption
{
    /// <summary>Octets in front of the query-options.</summary>
    public const int FixedSize = 17;

    private LqQueryOption(ReadOnlySpan<byte> data)
    {
        Type = (QueryType)data[0];
        LinkAddress = Ipv6Address.Read(data[1..]);
        Options = new(data[FixedSize..]);
    }

    /// <summary>What is asked for; also a type that this program does not know.</summary>
    public QueryType Type { get; }

    /// <summary>An address on the link that is asked for; <c>::</c> for every link.</summary>
    public Ipv6Address LinkAddress { get; }

    /// <summary>What the type needs, and an ORO.</summary>
    public OptionList Options { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out LqQueryOption query)
    {
        query = default;
        if (option.Code != OptionCode.LqQuery || option.Data.Length < FixedSize)
            return false;
        query = new(option.Data);
        return true;
    }

    /// <summary>Writes the fixed part; the caller writes the query-options and ends the option.</summary>
    /// <returns>The mark for <see cref="Dhcp6Writer.EndOption"/>.</returns>
    public static int Begin(ref Dhcp6Writer writer, QueryType type, Ipv6Address linkAddress)
    {
        var mark = writer.BeginOption(OptionCode.LqQuery);
        writer.U8((byte)type);
        writer.Address(linkAddress);
        return mark;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{CodeNames.Of(Type)} ({(byte)Type}) link={LinkAddress}";
}

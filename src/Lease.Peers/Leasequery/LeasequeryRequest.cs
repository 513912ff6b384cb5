using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Leasequery;

/// <summary>Whose numbers query types have on the wire.</summary>
public enum QueryNumbers
{
    /// <summary>IANA's (RFC 5007, RFC 5460), and the configured ones for what only the draft has.</summary>
    Rfc,

    /// <summary>The leasequery draft's own.</summary>
    Draft,
}

/// <summary>A query: what LEASEQUERY or ACTIVELEASEQUERY asks (RFC 5007 section 4.1.2.1, RFC 5460 section 5.3, RFC 7653 section 6.2.1). Immutable.</summary>
public sealed record LeasequeryRequest
{
    private const int MaxMessage = 2048;

    private LeasequeryRequest(QueryType? type, OptionCode valueCode, byte[] value)
    {
        Type = type;
        ValueCode = valueCode;
        Value = value;
    }

    /// <summary>An active query about every binding of the server (RFC 7653 section 6.2.1).</summary>
    public static LeasequeryRequest Everything { get; } = new(type: null, OptionCode.None, []);

    /// <summary>The query type in IANA's numbers; null: no LQ_QUERY.</summary>
    public QueryType? Type { get; }

    /// <summary>The query-option that holds the value; None where the type needs none.</summary>
    public OptionCode ValueCode { get; }

    /// <summary>Its data.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>Asks for DHCPv4 leases (DHCP4o6); null: for DHCPv6 leases.</summary>
    public Ipv4Query? Ipv4 { get; private init; }

    /// <summary>An address on the link that is asked for; <c>::</c> for every link.</summary>
    public Ipv6Address Link { get; init; }

    /// <summary>What is asked for beside the minimum.</summary>
    public IReadOnlyList<OptionCode> Options { get; init; } = [];

    /// <summary>Only what changed at or after this, by the server's clock; to a second.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>Only what changed at or before this, by the server's clock; to a second.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>Whether each answer shall carry the server's time (RFC 7653 section 6.3.1).</summary>
    public bool WithBaseTime { get; init; }

    /// <summary>Over UDP: the longest reply taken, in octets; 0: not said.</summary>
    public int ReplySize { get; init; }

    /// <summary>Whose numbers query types have.</summary>
    public QueryNumbers Numbers { get; init; }

    /// <summary>Numbers of what only the drafts have.</summary>
    public DraftCodePoints CodePoints { get; init; } = new();

    /// <summary>DHCPv4 leases, over TCP (DHCP4o6 active leasequery draft, section 3).</summary>
    public static LeasequeryRequest ForIpv4(Ipv4Query query) => new(QueryType.ByLinkAddress, OptionCode.None, []) { Ipv4 = query };

    /// <summary>Who holds the address, or the prefix that contains it.</summary>
    public static LeasequeryRequest ByAddress(Ipv6Address address)
    {
        Span<byte> buffer = stackalloc byte[64];
        var writer = new Dhcp6Writer(buffer);
        IaAddressOption.Write(ref writer, address, 0, 0);
        return new(QueryType.ByAddress, OptionCode.IaAddress, writer.Written[Option.HeaderSize..].ToArray());
    }

    /// <summary>Who holds addresses or prefixes within a configured prefix, or the prefix itself.</summary>
    public static LeasequeryRequest ByPrefix(Ipv6Prefix prefix, DraftCodePoints? points = null)
    {
        Span<byte> buffer = stackalloc byte[64];
        var writer = new Dhcp6Writer(buffer);
        writer.EndOption(IaPrefixOption.Begin(ref writer, prefix, 0, 0));
        points ??= new DraftCodePoints();
        return new(points.QueryByPrefix, OptionCode.IaPrefix, writer.Written[Option.HeaderSize..].ToArray()) { CodePoints = points };
    }

    /// <summary>What the client with this DUID holds.</summary>
    public static LeasequeryRequest ByClientId(ReadOnlySpan<byte> duid) => new(QueryType.ByClientId, OptionCode.ClientId, duid.ToArray());

    /// <summary>The clients on the link, or on every link (<c>::</c>).</summary>
    public static LeasequeryRequest ByLink(Ipv6Address link) => new(QueryType.ByLinkAddress, OptionCode.None, []) { Link = link };

    /// <summary>The clients behind the relay with this DUID.</summary>
    public static LeasequeryRequest ByRelayId(ReadOnlySpan<byte> duid) => new(QueryType.ByRelayId, OptionCode.RelayId, duid.ToArray());

    /// <summary>The clients with this remote-id: enterprise number (4 octets, network order), then the id.</summary>
    public static LeasequeryRequest ByRemoteId(ReadOnlySpan<byte> remoteId) => new(QueryType.ByRemoteId, OptionCode.RemoteId, remoteId.ToArray());

    /// <summary>The clients with this device-id: hardware type (2 octets, network order), then the link-layer address.</summary>
    public static LeasequeryRequest ByDeviceId(ReadOnlySpan<byte> deviceId, DraftCodePoints? points = null)
    {
        points ??= new DraftCodePoints();
        return new(points.QueryByDeviceId, points.DeviceId, deviceId.ToArray()) { CodePoints = points };
    }

    /// <summary>Writes the message.</summary>
    /// <param name="message">LEASEQUERY or ACTIVELEASEQUERY.</param>
    /// <param name="transactionId">24 bits.</param>
    /// <param name="requestor">The requestor's DUID.</param>
    /// <param name="server">The server's DUID; empty where any may answer.</param>
    /// <param name="cookie">The last reply's OPTION_LQ_COOKIE; empty at the beginning.</param>
    public byte[] Encode(MessageType message, uint transactionId, ReadOnlySpan<byte> requestor, ReadOnlySpan<byte> server = default, ReadOnlySpan<byte> cookie = default)
    {
        var writer = new Dhcp6Writer(new byte[MaxMessage + Value.Length + cookie.Length]);
        writer.MessageHeader(message, transactionId);
        writer.Option(OptionCode.ClientId, requestor);
        if (!server.IsEmpty)
            writer.Option(OptionCode.ServerId, server);
        if (Type is { } type)
            WriteQuery(ref writer, type);
        if (Ipv4 is not null)
            writer.Option(OptionCode.Dhcpv4Message, Ipv4.Encode(message, transactionId));
        if (WithBaseTime)
            OptionRequestOption.Write(ref writer, [OptionCode.LqBaseTime]);
        if (StartTime is { } start)
            writer.OptionU32(OptionCode.LqStartTime, DhcpTime.ToSeconds(start));
        if (EndTime is { } end)
            writer.OptionU32(OptionCode.LqEndTime, DhcpTime.ToSeconds(end));
        if (ReplySize > 0)
            writer.OptionU16(CodePoints.ReplySize, (ushort)Math.Min(ReplySize, ushort.MaxValue));
        if (!cookie.IsEmpty)
            writer.Option(CodePoints.LqCookie, cookie);
        return writer.Written.ToArray();
    }

    private void WriteQuery(ref Dhcp6Writer writer, QueryType type)
    {
        var mark = LqQueryOption.Begin(ref writer, Numbers == QueryNumbers.Draft ? InDraft(type) : type, Link);
        if (ValueCode != OptionCode.None)
            writer.Option(ValueCode, Value.Span);
        if (Options.Count > 0)
            OptionRequestOption.Write(ref writer, [.. Options]);
        writer.EndOption(mark);
    }

    private QueryType InDraft(QueryType type)
    {
        if (type == CodePoints.QueryByPrefix)
            return (QueryType)3;
        if (type == CodePoints.QueryByDeviceId)
            return (QueryType)6;
        return type switch
        {
            QueryType.ByClientId => (QueryType)1,
            QueryType.ByAddress => (QueryType)2,
            QueryType.ByLinkAddress => (QueryType)4,
            QueryType.ByRemoteId => (QueryType)5,
            _ => type,
        };
    }
}

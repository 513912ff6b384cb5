using Lease.Actors.Configuration;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>Lease.leasequery</c>: who may learn the bindings, and how.</summary>
/// <param name="serverPort">The DHCPv6 port, which is the TCP port too unless another is named.</param>
internal sealed class LeasequeryReader(int serverPort)
{
    private const int MaxConnections = 100_000;

    private static readonly IReadOnlyDictionary<string, QueryKinds> Kinds = new Dictionary<string, QueryKinds>(StringComparer.Ordinal)
    {
        ["by-address"] = QueryKinds.ByAddress,
        ["by-client-id"] = QueryKinds.ByClientId,
        ["by-prefix"] = QueryKinds.ByPrefix,
        ["by-link"] = QueryKinds.ByLink,
        ["by-relay-id"] = QueryKinds.ByRelayId,
        ["by-remote-id"] = QueryKinds.ByRemoteId,
        ["by-device-id"] = QueryKinds.ByDeviceId,
    };

    private static readonly IReadOnlyDictionary<string, LeasequeryAccess> Ways = new Dictionary<string, LeasequeryAccess>(StringComparer.Ordinal)
    {
        ["udp"] = LeasequeryAccess.Udp,
        ["bulk"] = LeasequeryAccess.Bulk,
        ["active"] = LeasequeryAccess.Active,
    };

    /// <summary>Reads the object; null gives the defaults.</summary>
    public LeasequeryConfiguration Read(ConfigurationNode? node)
    {
        var usual = new LeasequeryConfiguration();
        if (node is null)
            return usual with { Tcp = usual.Tcp with { Addresses = [new Ipv6Address(1)], Port = serverPort } };
        var requestors = node.Objects("requestors").Select(ReadRequestor).ToList();
        var tls = node.Object("tls") is { } files ? TlsReader.Read(files) : null;
        if (tls is null && requestors.Exists(static r => r.Tls == TlsUse.Required))
            node.Error("tls", "is missing: a requestor requires TLS; name \"certificate\", \"key\" and \"authorities\"");
        var retention = node.Object("retention");
        var configuration = usual with
        {
            Requestors = requestors.Count > 0 ? requestors : usual.Requestors,
            Tcp = ReadTcp(node.Object("tcp"), usual.Tcp, requestors.Count > 0),
            Tls = tls,
            Active = node.Flag("active") ?? usual.Active,
            SensitiveOptions = ReadOptions(node),
            CodePoints = node.Object("code-points") is { } points ? ReadCodePoints(points, usual.CodePoints) : usual.CodePoints,
            RetentionAge = retention?.Seconds("age", usual.RetentionAge, least: 60) ?? usual.RetentionAge,
            RetentionCount = retention?.Number("count", 1000) ?? usual.RetentionCount,
        };
        retention?.RefuseUnknown();
        node.RefuseUnknown();
        return configuration;
    }

    private static Requestor ReadRequestor(ConfigurationNode node)
    {
        var from = node.Parsed<Ipv6Prefix>("from", TryParseSource, "an IPv6 address or prefix, or an IPv4 one");
        if (from is null && !node.Has("from"))
            node.Error("from is missing: the address or prefix that the queries come from");
        var tls = node.Choice("tls", "off", "allowed", "required") switch
        {
            "allowed" => TlsUse.Allowed,
            "required" => TlsUse.Required,
            _ => TlsUse.Off,
        };
        var requestor = new Requestor(from ?? default)
        {
            Access = node.Flags("allow", Ways, LeasequeryAccess.All, static (a, b) => a | b),
            Kinds = node.Flags("query-types", Kinds, QueryKinds.All, static (a, b) => a | b),
            Dialect = node.Choice("dialect", "rfc", "draft") == "draft" ? LeasequeryDialect.Draft : LeasequeryDialect.Rfc,
            QueriesPerSecond = (int)(node.Number("rate", 0, 1_000_000) ?? 0),
            Tls = tls,
            Certificate = node.Text("certificate"),
        };
        if (requestor.Certificate is not null && tls != TlsUse.Required)
            node.Error("certificate", "is of no use unless \"tls\" is \"required\"");
        node.RefuseUnknown();
        return requestor;
    }

    /// <summary>An IPv6 or IPv4 address or prefix; IPv4 becomes IPv4-mapped.</summary>
    internal static bool TryParseSource(string text, out Ipv6Prefix prefix)
    {
        if (text.Contains('/', StringComparison.Ordinal))
        {
            if (Ipv6Prefix.TryParse(text, out prefix))
                return true;
            var slash = text.IndexOf('/', StringComparison.Ordinal);
            if (!Ipv4Address.TryParse(text[..slash], out var network) || !byte.TryParse(text[(slash + 1)..], out var length) || length > 32)
                return false;
            prefix = Mapped(network, (byte)(96 + length));
            return true;
        }

        prefix = default;
        if (Ipv6Address.TryParse(text, out var address))
            prefix = new Ipv6Prefix(address, 128);
        else if (Ipv4Address.TryParse(text, out var host))
            prefix = Mapped(host, 128);
        else
            return false;
        return true;
    }

    private static Ipv6Prefix Mapped(Ipv4Address address, byte length) => new(new Ipv6Address(new UInt128(0, 0xffff_0000_0000UL | (ulong)(uint)address.Value)), length);

    private LeasequeryTcp ReadTcp(ConfigurationNode? node, LeasequeryTcp usual, bool isOpen)
    {
        // Nobody but the loopback is served unless somebody is named.
        IReadOnlyList<Ipv6Address> addresses = [isOpen ? default : new Ipv6Address(1)];
        if (node is null)
            return usual with { Addresses = addresses, Port = serverPort };
        if (node.Has("addresses"))
            addresses = ReadAddresses(node);
        var tcp = new LeasequeryTcp
        {
            Addresses = addresses,
            Port = (int)(node.Number("port", 0, ushort.MaxValue) ?? (uint)serverPort),
            MaxConnections = (int)(node.Number("max-connections", 1, MaxConnections) ?? (uint)usual.MaxConnections),
            MaxConnectionsPerRequestor = (int)(node.Number("max-connections-per-requestor", 1, MaxConnections) ?? (uint)usual.MaxConnectionsPerRequestor),
            MaxQueries = (int)(node.Number("max-queries", 1, 1000) ?? (uint)usual.MaxQueries),
            IdleTimeout = node.Seconds("idle-timeout", usual.IdleTimeout),
            FrameTimeout = node.Seconds("frame-timeout", usual.FrameTimeout),
            DataTimeout = node.Seconds("data-timeout", usual.DataTimeout),
            ActiveIdleTimeout = node.Seconds("active-idle-timeout", usual.ActiveIdleTimeout),
            ActiveSendTimeout = node.Seconds("active-send-timeout", usual.ActiveSendTimeout),
        };
        node.RefuseUnknown();
        return tcp;
    }

    private static List<Ipv6Address> ReadAddresses(ConfigurationNode node)
    {
        var addresses = new List<Ipv6Address>();
        foreach (var text in node.Texts("addresses"))
        {
            if (Ipv6Address.TryParse(text, out var address))
                addresses.Add(address);
            else
                node.Error("addresses", $"\"{text}\" is not an IPv6 address (\"::\" is all)");
        }

        return addresses;
    }

    private static HashSet<OptionCode> ReadOptions(ConfigurationNode node)
    {
        var codes = new HashSet<OptionCode>();
        foreach (var text in node.Texts("sensitive-options"))
        {
            if (ushort.TryParse(text, out var code) && code > 0)
                codes.Add((OptionCode)code);
            else if (StandardOptions.All.FirstOrDefault(o => o.Space == StandardOptions.Dhcp6 && o.Name == text) is { } named)
                codes.Add((OptionCode)named.Code);
            else
                node.Error("sensitive-options", $"\"{text}\" is neither an option's code nor its name");
        }

        return codes;
    }

    private static DraftCodePoints ReadCodePoints(ConfigurationNode node, DraftCodePoints usual)
    {
        var points = usual with
        {
            ReplySize = (OptionCode)(node.Number("reply-size", 1, ushort.MaxValue) ?? (uint)usual.ReplySize),
            LqCookie = (OptionCode)(node.Number("cookie", 1, ushort.MaxValue) ?? (uint)usual.LqCookie),
            DeviceId = (OptionCode)(node.Number("device-id", 1, ushort.MaxValue) ?? (uint)usual.DeviceId),
            StaleCookie = (StatusCode)(node.Number("stale-cookie", 1, ushort.MaxValue) ?? (uint)usual.StaleCookie),
            TooShort = (StatusCode)(node.Number("too-short", 1, ushort.MaxValue) ?? (uint)usual.TooShort),
            QueryByPrefix = (QueryType)(node.Number("query-by-prefix", 1, byte.MaxValue) ?? (uint)usual.QueryByPrefix),
            QueryByDeviceId = (QueryType)(node.Number("query-by-device-id", 1, byte.MaxValue) ?? (uint)usual.QueryByDeviceId),
        };
        node.RefuseUnknown();
        return points;
    }
}

using System.Net;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Configuration;

/// <summary>What is asked for, whatever number the dialect gives it.</summary>
[Flags]
public enum QueryKinds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>QUERY_BY_ADDRESS (RFC 5007 section 4.1.2.1).</summary>
    ByAddress = 1,

    /// <summary>QUERY_BY_CLIENTID (RFC 5007 section 4.1.2.1).</summary>
    ByClientId = 2,

    /// <summary>QUERY_BY_RELAY_ID (RFC 5460 section 5.3.1).</summary>
    ByRelayId = 4,

    /// <summary>QUERY_BY_LINK_ADDRESS (RFC 5460 section 5.3.2).</summary>
    ByLink = 8,

    /// <summary>QUERY_BY_REMOTE_ID (RFC 5460 section 5.3.3).</summary>
    ByRemoteId = 16,

    /// <summary>QUERY_BY_PREFIX (leasequery draft).</summary>
    ByPrefix = 32,

    /// <summary>QUERY_BY_DEVICE_ID (leasequery draft).</summary>
    ByDeviceId = 64,

    /// <summary>Each of them.</summary>
    All = 127,
}

/// <summary>By which way a requestor may ask.</summary>
[Flags]
public enum LeasequeryAccess
{
    /// <summary>By none.</summary>
    None = 0,

    /// <summary>LEASEQUERY over UDP (RFC 5007).</summary>
    Udp = 1,

    /// <summary>LEASEQUERY over TCP: bulk (RFC 5460).</summary>
    Bulk = 2,

    /// <summary>ACTIVELEASEQUERY over TCP (RFC 7653).</summary>
    Active = 4,

    /// <summary>By each.</summary>
    All = 7,
}

/// <summary>Whose numbers a requestor uses for query types.</summary>
public enum LeasequeryDialect
{
    /// <summary>IANA's.</summary>
    Rfc,

    /// <summary>The leasequery draft's own.</summary>
    Draft,
}

/// <summary>Whether a requestor's connection is encrypted.</summary>
public enum TlsUse
{
    /// <summary>STARTTLS is refused.</summary>
    Off,

    /// <summary>As the requestor likes.</summary>
    Allowed,

    /// <summary>Queries without it are refused.</summary>
    Required,
}

/// <summary>Somebody who may ask.</summary>
/// <param name="From">Where the queries come from.</param>
public sealed record Requestor(Ipv6Prefix From)
{
    /// <summary>By which ways.</summary>
    public LeasequeryAccess Access { get; init; } = LeasequeryAccess.All;

    /// <summary>Which queries.</summary>
    public QueryKinds Kinds { get; init; } = QueryKinds.All;

    /// <summary>Whose numbers.</summary>
    public LeasequeryDialect Dialect { get; init; }

    /// <summary>Queries a second that are answered, more are dropped (UDP) or wait (TCP); 0: no limit.</summary>
    public int QueriesPerSecond { get; init; }

    /// <summary>Whether TLS is spoken.</summary>
    public TlsUse Tls { get; init; }

    /// <summary>The certificate that it must show: a subject (<c>CN=...</c>) or <c>sha256:</c> and a fingerprint in hexadecimal; null: any that is valid.</summary>
    public string? Certificate { get; init; }

    /// <summary>Whether queries from <paramref name="address"/> are this requestor's.</summary>
    public bool Matches(IPAddress address)
    {
        var octets = address.MapToIPv6().GetAddressBytes();
        return From.Contains(Ipv6Address.Read(octets));
    }
}

/// <summary>The TCP service (RFC 5460 section 6.1, RFC 7653 section 6.1).</summary>
public sealed record LeasequeryTcp
{
    /// <summary>Where to listen; empty: there is no TCP service.</summary>
    public IReadOnlyList<Ipv6Address> Addresses { get; init; } = [];

    /// <summary>TCP port, 547 unless changed.</summary>
    public int Port { get; init; } = 547;

    /// <summary>Connections in all.</summary>
    public int MaxConnections { get; init; } = 1000;

    /// <summary>Connections from one address (BULK_LQ_MAX_CONNS is 10, RFC 5460 section 5.5).</summary>
    public int MaxConnectionsPerRequestor { get; init; } = 10;

    /// <summary>Queries that run at once on a connection; the next is read when one has ended.</summary>
    public int MaxQueries { get; init; } = 10;

    /// <summary>A connection without a query is closed after this time.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A message must be whole after this time, counted from its first octet.</summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A bulk answer that the requestor does not take for so long ends its connection (BULK_LQ_DATA_TIMEOUT).</summary>
    public TimeSpan DataTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The same for active queries (ACTIVE_LQ_SEND_TIMEOUT).</summary>
    public TimeSpan ActiveSendTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>After so long without an update a message without data says that the connection lives (ACTIVE_LQ_IDLE_TIMEOUT).</summary>
    public TimeSpan ActiveIdleTimeout { get; init; } = TimeSpan.FromSeconds(60);
}


/// <summary>The <c>Lease.leasequery</c> object: who may learn the bindings, and how.</summary>
public sealed record LeasequeryConfiguration
{
    /// <summary>Who may ask; the longest prefix decides.</summary>
    public IReadOnlyList<Requestor> Requestors { get; init; } =
        [new(new Ipv6Prefix(new Ipv6Address(1), 128)), new(new Ipv6Prefix(new Ipv6Address(new UInt128(0, 0xffff_7f00_0000)), 104))];

    /// <summary>The TCP service.</summary>
    public LeasequeryTcp Tcp { get; init; } = new();

    /// <summary>TLS; null: STARTTLS is refused.</summary>
    public TlsFileNames? Tls { get; init; }

    /// <summary>Whether active leasequery is served.</summary>
    public bool Active { get; init; } = true;

    /// <summary>Code points that only the drafts have.</summary>
    public DraftCodePoints CodePoints { get; init; } = new();

    /// <summary>Options that are never returned (leasequery draft section 4.4.3).</summary>
    public IReadOnlySet<OptionCode> SensitiveOptions { get; init; } = new HashSet<OptionCode>();

    /// <summary>How long events are kept for catch-up, and with them the bindings that ended.</summary>
    public TimeSpan RetentionAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How many events are kept.</summary>
    public long RetentionCount { get; init; } = 1_000_000;

    /// <summary>Who asks from <paramref name="address"/>; null for nobody.</summary>
    public Requestor? FindRequestor(IPAddress address)
    {
        Requestor? best = null;
        foreach (var candidate in Requestors)
        {
            if (candidate.Matches(address) && (best is null || candidate.From.Length > best.From.Length))
                best = candidate;
        }

        return best;
    }
}

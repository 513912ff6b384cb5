namespace Lease.Protocol.Dhcp6;

/// <summary>DHCPv6 status codes (RFC 8415 section 21.13, RFC 5007, RFC 5460, RFC 7653).</summary>
#pragma warning disable CS1591 // The names are the registry's own.
public enum StatusCode : ushort
{
    Success = 0,
    UnspecFail = 1,
    NoAddrsAvail = 2,
    NoBinding = 3,
    NotOnLink = 4,
    UseMulticast = 5,
    NoPrefixAvail = 6,
    UnknownQueryType = 7,
    MalformedQuery = 8,
    NotConfigured = 9,
    NotAllowed = 10,
    QueryTerminated = 11,
    DataMissing = 12,
    CatchUpComplete = 13,
    NotSupported = 14,
    TlsConnectionRefused = 15,
}

/// <summary>Leasequery types (RFC 5007 section 4.1.2.1, RFC 5460 section 5.2).</summary>
public enum QueryType : byte
{
    ByAddress = 1,
    ByClientId = 2,
    ByRelayId = 3,
    ByLinkAddress = 4,
    ByRemoteId = 5,
}
#pragma warning restore CS1591

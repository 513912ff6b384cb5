namespace Lease.Protocol.Dhcp6;

/// <summary>
/// Code points of what stands only in drafts and never got a number from IANA: the defaults here are from the ranges for private use, and a configuration
/// may set others.
/// </summary>
public sealed record DraftCodePoints
{
    /// <summary>OPTION_REPLY_SIZE, u16: the longest reply in octets that the requestor takes (leasequery draft); 1024 where it is absent.</summary>
    public OptionCode ReplySize { get; init; } = (OptionCode)65001;

    /// <summary>OPTION_LQ_COOKIE, opaque: where the next answer goes on (leasequery draft).</summary>
    public OptionCode LqCookie { get; init; } = (OptionCode)65002;

    /// <summary>OPTION_DEVICE_ID (leasequery draft).</summary>
    public OptionCode DeviceId { get; init; } = (OptionCode)65003;

    /// <summary>OPTION_DHCP4_O_DHCP6_ENABLE, empty (DHCPv4 over DHCPv6 draft).</summary>
    public OptionCode Dhcp4ODhcp6Enable { get; init; } = (OptionCode)65004;

    /// <summary>OPTION_DHCP4O6_SADDR, an address: the client's tunnel source (DHCPv4 over DHCPv6 active leasequery draft).</summary>
    public OptionCode Dhcp4O6SourceAddress { get; init; } = (OptionCode)65005;

    /// <summary>StaleCookie (leasequery draft).</summary>
    public StatusCode StaleCookie { get; init; } = (StatusCode)65001;

    /// <summary>TooShort: the answer does not fit OPTION_REPLY_SIZE (leasequery draft).</summary>
    public StatusCode TooShort { get; init; } = (StatusCode)65002;

    /// <summary>QUERY_BY_PREFIX (leasequery draft).</summary>
    public QueryType QueryByPrefix { get; init; } = (QueryType)201;

    /// <summary>QUERY_BY_DEVICE_ID (leasequery draft).</summary>
    public QueryType QueryByDeviceId { get; init; } = (QueryType)202;
}

namespace Lease.Protocol.Dhcp4;

/// <summary>Values of the DHCP message type option (RFC 2132 section 9.6, RFC 3203, 4388, 6926 and 7724).</summary>
public enum Dhcp4MessageType : byte
{
    /// <summary>There is no message type option: plain BOOTP (RFC 951).</summary>
    Bootp = 0,

    /// <summary>DHCPDISCOVER.</summary>
    Discover = 1,

    /// <summary>DHCPOFFER.</summary>
    Offer = 2,

    /// <summary>DHCPREQUEST.</summary>
    Request = 3,

    /// <summary>DHCPDECLINE.</summary>
    Decline = 4,

    /// <summary>DHCPACK.</summary>
    Ack = 5,

    /// <summary>DHCPNAK.</summary>
    Nak = 6,

    /// <summary>DHCPRELEASE.</summary>
    Release = 7,

    /// <summary>DHCPINFORM.</summary>
    Inform = 8,

    /// <summary>DHCPFORCERENEW (RFC 3203).</summary>
    ForceRenew = 9,

    /// <summary>DHCPLEASEQUERY (RFC 4388).</summary>
    LeaseQuery = 10,

    /// <summary>DHCPLEASEUNASSIGNED (RFC 4388).</summary>
    LeaseUnassigned = 11,

    /// <summary>DHCPLEASEUNKNOWN (RFC 4388).</summary>
    LeaseUnknown = 12,

    /// <summary>DHCPLEASEACTIVE (RFC 4388).</summary>
    LeaseActive = 13,

    /// <summary>DHCPBULKLEASEQUERY (RFC 6926).</summary>
    BulkLeaseQuery = 14,

    /// <summary>DHCPLEASEQUERYDONE (RFC 6926).</summary>
    LeaseQueryDone = 15,

    /// <summary>DHCPACTIVELEASEQUERY (RFC 7724).</summary>
    ActiveLeaseQuery = 16,

    /// <summary>DHCPLEASEQUERYSTATUS (RFC 7724).</summary>
    LeaseQueryStatus = 17,

    /// <summary>DHCPTLS (RFC 7724).</summary>
    Tls = 18,
}

/// <summary>The op field (RFC 2131 section 2).</summary>
public enum BootpOperation : byte
{
    /// <summary>BOOTREQUEST: from a client.</summary>
    Request = 1,

    /// <summary>BOOTREPLY: from a server.</summary>
    Reply = 2,
}

/// <summary>Codes of the status-code option (RFC 6926 section 6.2.2, RFC 7724 section 5.2).</summary>
public enum Dhcp4StatusCode : byte
{
    /// <summary>Success.</summary>
    Success = 0,

    /// <summary>UnspecFail.</summary>
    UnspecFail = 1,

    /// <summary>QueryTerminated.</summary>
    QueryTerminated = 2,

    /// <summary>MalformedQuery.</summary>
    MalformedQuery = 3,

    /// <summary>NotAllowed.</summary>
    NotAllowed = 4,

    /// <summary>DataMissing.</summary>
    DataMissing = 5,

    /// <summary>ConnectionActive.</summary>
    ConnectionActive = 6,

    /// <summary>CatchUpComplete.</summary>
    CatchUpComplete = 7,

    /// <summary>TLSConnectionRefused.</summary>
    TlsConnectionRefused = 8,
}

/// <summary>Values of the dhcp-state option (RFC 6926 section 6.2.7).</summary>
public enum DhcpState : byte
{
    /// <summary>Free for any client.</summary>
    Available = 1,

    /// <summary>Leased.</summary>
    Active = 2,

    /// <summary>Its lease ended.</summary>
    Expired = 3,

    /// <summary>Given back by its client.</summary>
    Released = 4,

    /// <summary>Declined by a client.</summary>
    Abandoned = 5,

    /// <summary>Taken back by an operator.</summary>
    Reset = 6,

    /// <summary>Another server's.</summary>
    Remote = 7,

    /// <summary>Between two states.</summary>
    Transitioning = 8,
}

namespace Lease.Protocol.Dhcp6;

/// <summary>DHCPv6 message types (RFC 8415 section 7.3 and the RFCs named).</summary>
public enum MessageType : byte
{
    /// <summary>A client looks for servers.</summary>
    Solicit = 1,

    /// <summary>A server offers itself.</summary>
    Advertise = 2,

    /// <summary>A client asks one server for leases.</summary>
    Request = 3,

    /// <summary>A client asks whether its addresses fit the link.</summary>
    Confirm = 4,

    /// <summary>A client extends its leases with their server.</summary>
    Renew = 5,

    /// <summary>A client extends its leases with any server.</summary>
    Rebind = 6,

    /// <summary>A server's answer.</summary>
    Reply = 7,

    /// <summary>A client gives leases back.</summary>
    Release = 8,

    /// <summary>A client found addresses in use.</summary>
    Decline = 9,

    /// <summary>A server asks a client to renew.</summary>
    Reconfigure = 10,

    /// <summary>A client asks for parameters without leases.</summary>
    InformationRequest = 11,

    /// <summary>A relay's message to a server.</summary>
    RelayForward = 12,

    /// <summary>A server's message to a relay.</summary>
    RelayReply = 13,

    /// <summary>RFC 5007.</summary>
    LeaseQuery = 14,

    /// <summary>RFC 5007.</summary>
    LeaseQueryReply = 15,

    /// <summary>RFC 5460.</summary>
    LeaseQueryDone = 16,

    /// <summary>RFC 5460.</summary>
    LeaseQueryData = 17,

    /// <summary>RFC 7341.</summary>
    Dhcpv4Query = 20,

    /// <summary>RFC 7341.</summary>
    Dhcpv4Response = 21,

    /// <summary>RFC 7653.</summary>
    ActiveLeaseQuery = 22,

    /// <summary>RFC 7653.</summary>
    StartTls = 23,

    /// <summary>RFC 9686.</summary>
    AddrRegInform = 36,

    /// <summary>RFC 9686.</summary>
    AddrRegReply = 37,
}

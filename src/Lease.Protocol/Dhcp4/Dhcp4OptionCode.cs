namespace Lease.Protocol.Dhcp4;

/// <summary>DHCPv4 options that this program reads or writes itself; others pass through by their number.</summary>
public enum Dhcp4OptionCode : byte
{
    /// <summary>Pad: one octet without a length.</summary>
    Pad = 0,

    /// <summary>Subnet mask.</summary>
    SubnetMask = 1,

    /// <summary>Routers.</summary>
    Routers = 3,

    /// <summary>DNS servers.</summary>
    DnsServers = 6,

    /// <summary>Host name.</summary>
    HostName = 12,

    /// <summary>Domain name.</summary>
    DomainName = 15,

    /// <summary>Broadcast address.</summary>
    BroadcastAddress = 28,

    /// <summary>Vendor-specific information (RFC 2132 section 8.4).</summary>
    VendorInformation = 43,

    /// <summary>Requested IP address.</summary>
    RequestedAddress = 50,

    /// <summary>Lease time, u32 s.</summary>
    LeaseTime = 51,

    /// <summary>Option overload (RFC 2132 section 9.3): 1 file, 2 sname, 3 both hold options.</summary>
    Overload = 52,

    /// <summary>DHCP message type.</summary>
    MessageType = 53,

    /// <summary>Server identifier.</summary>
    ServerId = 54,

    /// <summary>Parameter request list.</summary>
    ParameterRequestList = 55,

    /// <summary>Message, text.</summary>
    Message = 56,

    /// <summary>Maximum DHCP message size, u16 octets.</summary>
    MaxMessageSize = 57,

    /// <summary>Renewal time T1, u32 s.</summary>
    RenewalTime = 58,

    /// <summary>Rebinding time T2, u32 s.</summary>
    RebindingTime = 59,

    /// <summary>Vendor class identifier.</summary>
    VendorClass = 60,

    /// <summary>Client identifier (RFC 2132 section 9.14, RFC 4361).</summary>
    ClientId = 61,

    /// <summary>TFTP server name.</summary>
    TftpServerName = 66,

    /// <summary>Boot file name.</summary>
    BootFileName = 67,

    /// <summary>User class (RFC 3004).</summary>
    UserClass = 77,

    /// <summary>Rapid commit (RFC 4039).</summary>
    RapidCommit = 80,

    /// <summary>Client FQDN (RFC 4702).</summary>
    ClientFqdn = 81,

    /// <summary>Relay agent information (RFC 3046).</summary>
    RelayAgentInformation = 82,

    /// <summary>Client-last-transaction-time (RFC 4388), u32 s.</summary>
    ClientLastTransactionTime = 91,

    /// <summary>Associated-ip (RFC 4388).</summary>
    AssociatedIp = 92,

    /// <summary>Client system architecture (RFC 4578).</summary>
    ClientArchitecture = 93,

    /// <summary>OPTION_DHCP4O6_S46_SADDR (RFC 8539): the client's tunnel source address.</summary>
    S46SourceAddress = 109,

    /// <summary>Subnet selection (RFC 3011).</summary>
    SubnetSelection = 118,

    /// <summary>Vendor-identifying vendor class (RFC 3925).</summary>
    VendorIdentifyingClass = 124,

    /// <summary>Vendor-identifying vendor-specific information (RFC 3925).</summary>
    VendorIdentifyingInformation = 125,

    /// <summary>Status-code (RFC 6926).</summary>
    StatusCode = 151,

    /// <summary>Base-time (RFC 6926), Unix seconds.</summary>
    BaseTime = 152,

    /// <summary>Start-time-of-state (RFC 6926), u32 s before the base time.</summary>
    StartTimeOfState = 153,

    /// <summary>Query-start-time (RFC 6926), Unix seconds.</summary>
    QueryStartTime = 154,

    /// <summary>Query-end-time (RFC 6926), Unix seconds.</summary>
    QueryEndTime = 155,

    /// <summary>Dhcp-state (RFC 6926).</summary>
    DhcpState = 156,

    /// <summary>Data-source (RFC 6926).</summary>
    DataSource = 157,

    /// <summary>OPTION_V4_PORTPARAMS (RFC 7618 section 9): a shared address's port set.</summary>
    PortParameters = 159,

    /// <summary>End: no options follow.</summary>
    End = 255,
}

/// <summary>Sub-options of relay agent information that the server reads.</summary>
public enum RelayAgentSubOption : byte
{
    /// <summary>Circuit-id (RFC 3046).</summary>
    CircuitId = 1,

    /// <summary>Remote-id (RFC 3046).</summary>
    RemoteId = 2,

    /// <summary>Link selection (RFC 3527).</summary>
    LinkSelection = 5,

    /// <summary>Subscriber-id (RFC 3993).</summary>
    SubscriberId = 6,

    /// <summary>Relay-id (RFC 6925): a DUID.</summary>
    RelayId = 12,
}

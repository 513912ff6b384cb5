namespace Lease.Protocol.Dhcp6;

/// <summary>The names of messages, status codes and query types as IANA's registry and the RFCs spell them.</summary>
public static class CodeNames
{
    /// <summary>For example <c>RELAY-FORW</c>; <c>UNKNOWN</c> for a type that has no name here.</summary>
    public static string Of(MessageType type) => type switch
    {
        MessageType.Solicit => "SOLICIT",
        MessageType.Advertise => "ADVERTISE",
        MessageType.Request => "REQUEST",
        MessageType.Confirm => "CONFIRM",
        MessageType.Renew => "RENEW",
        MessageType.Rebind => "REBIND",
        MessageType.Reply => "REPLY",
        MessageType.Release => "RELEASE",
        MessageType.Decline => "DECLINE",
        MessageType.Reconfigure => "RECONFIGURE",
        MessageType.InformationRequest => "INFORMATION-REQUEST",
        MessageType.RelayForward => "RELAY-FORW",
        MessageType.RelayReply => "RELAY-REPL",
        MessageType.LeaseQuery => "LEASEQUERY",
        MessageType.LeaseQueryReply => "LEASEQUERY-REPLY",
        MessageType.LeaseQueryDone => "LEASEQUERY-DONE",
        MessageType.LeaseQueryData => "LEASEQUERY-DATA",
        MessageType.Dhcpv4Query => "DHCPV4-QUERY",
        MessageType.Dhcpv4Response => "DHCPV4-RESPONSE",
        MessageType.ActiveLeaseQuery => "ACTIVELEASEQUERY",
        MessageType.StartTls => "STARTTLS",
        MessageType.AddrRegInform => "ADDR-REG-INFORM",
        MessageType.AddrRegReply => "ADDR-REG-REPLY",
        _ => "UNKNOWN",
    };

    /// <summary>For example <c>NoBinding</c>; the number for a code that has no name here.</summary>
    public static string Of(StatusCode code) => code == StatusCode.TlsConnectionRefused ? "TLSConnectionRefused" : code.ToString();

    /// <summary>For example <c>QUERY_BY_ADDRESS</c>; <c>UNKNOWN</c> for a type that has no name here.</summary>
    public static string Of(QueryType type) => type switch
    {
        QueryType.ByAddress => "QUERY_BY_ADDRESS",
        QueryType.ByClientId => "QUERY_BY_CLIENTID",
        QueryType.ByRelayId => "QUERY_BY_RELAY_ID",
        QueryType.ByLinkAddress => "QUERY_BY_LINK_ADDRESS",
        QueryType.ByRemoteId => "QUERY_BY_REMOTE_ID",
        _ => "UNKNOWN",
    };
}

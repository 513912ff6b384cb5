namespace Lease.Protocol.Dhcp6;

/// <summary>One row for each option that has a code here: its name in IANA's registry, and what its data must be.</summary>
public static class OptionRegistry
{
    private static readonly Row[] Rows =
    [
        new(OptionCode.ClientId, "CLIENTID", OptionForm.Duid),
        new(OptionCode.ServerId, "SERVERID", OptionForm.Duid),
        new(OptionCode.IaNa, "IA_NA", OptionForm.Container, 12),
        new(OptionCode.IaTa, "IA_TA", OptionForm.Container, 4),
        new(OptionCode.IaAddress, "IAADDR", OptionForm.Container, 24),
        new(OptionCode.OptionRequest, "ORO", OptionForm.OptionCodes, 2),
        new(OptionCode.Preference, "PREFERENCE", OptionForm.Number, 1),
        new(OptionCode.ElapsedTime, "ELAPSED_TIME", OptionForm.Number, 2),
        new(OptionCode.RelayMessage, "RELAY_MSG", OptionForm.Opaque),
        new(OptionCode.Authentication, "AUTH", OptionForm.AtLeast, 11),
        new(OptionCode.Unicast, "UNICAST", OptionForm.Address, 16),
        new(OptionCode.StatusCode, "STATUS_CODE", OptionForm.AtLeast, 2),
        new(OptionCode.RapidCommit, "RAPID_COMMIT", OptionForm.Fixed),
        new(OptionCode.UserClass, "USER_CLASS", OptionForm.Elements),
        new(OptionCode.VendorClass, "VENDOR_CLASS", OptionForm.Elements, 4),
        new(OptionCode.VendorOptions, "VENDOR_OPTS", OptionForm.OwnSpace, 4),
        new(OptionCode.InterfaceId, "INTERFACE_ID", OptionForm.Opaque),
        new(OptionCode.ReconfigureMessage, "RECONF_MSG", OptionForm.Number, 1),
        new(OptionCode.ReconfigureAccept, "RECONF_ACCEPT", OptionForm.Fixed),
        new(OptionCode.SipServerNames, "SIP_SERVER_D", OptionForm.DomainNames),
        new(OptionCode.SipServerAddresses, "SIP_SERVER_A", OptionForm.Addresses, 16),
        new(OptionCode.DnsServers, "DNS_SERVERS", OptionForm.Addresses, 16),
        new(OptionCode.DomainList, "DOMAIN_LIST", OptionForm.DomainNames),
        new(OptionCode.IaPd, "IA_PD", OptionForm.Container, 12),
        new(OptionCode.IaPrefix, "IAPREFIX", OptionForm.IaPrefix, 25),
        new(OptionCode.NisServers, "NIS_SERVERS", OptionForm.Addresses, 16),
        new(OptionCode.NispServers, "NISP_SERVERS", OptionForm.Addresses, 16),
        new(OptionCode.NisDomain, "NIS_DOMAIN_NAME", OptionForm.DomainNames),
        new(OptionCode.NispDomain, "NISP_DOMAIN_NAME", OptionForm.DomainNames),
        new(OptionCode.SntpServers, "SNTP_SERVERS", OptionForm.Addresses, 16),
        new(OptionCode.InformationRefreshTime, "INFORMATION_REFRESH_TIME", OptionForm.Seconds, 4),
        new(OptionCode.BcmcsDomains, "BCMCS_SERVER_D", OptionForm.DomainNames),
        new(OptionCode.BcmcsAddresses, "BCMCS_SERVER_A", OptionForm.Addresses, 16),
        new(OptionCode.RemoteId, "REMOTE_ID", OptionForm.AtLeast, 4),
        new(OptionCode.SubscriberId, "SUBSCRIBER_ID", OptionForm.Opaque),
        new(OptionCode.ClientFqdn, "CLIENT_FQDN", OptionForm.AtLeast, 1),
        new(OptionCode.PanaAgents, "PANA_AGENT", OptionForm.Addresses, 16),
        new(OptionCode.NewPosixTimezone, "NEW_POSIX_TIMEZONE", OptionForm.Text),
        new(OptionCode.NewTzdbTimezone, "NEW_TZDB_TIMEZONE", OptionForm.Text),
        new(OptionCode.EchoRequest, "ERO", OptionForm.OptionCodes, 2),
        new(OptionCode.LqQuery, "LQ_QUERY", OptionForm.Container, 17),
        new(OptionCode.ClientData, "CLIENT_DATA", OptionForm.Container),
        new(OptionCode.CltTime, "CLT_TIME", OptionForm.Seconds, 4),
        new(OptionCode.LqRelayData, "LQ_RELAY_DATA", OptionForm.AtLeast, 16),
        new(OptionCode.LqClientLink, "LQ_CLIENT_LINK", OptionForm.Addresses, 16),
        new(OptionCode.RelayId, "RELAY_ID", OptionForm.Duid),
        new(OptionCode.NtpServer, "NTP_SERVER", OptionForm.OwnSpace),
        new(OptionCode.BootfileUrl, "BOOTFILE_URL", OptionForm.Text),
        new(OptionCode.BootfileParameters, "BOOTFILE_PARAM", OptionForm.Elements),
        new(OptionCode.ClientArchitecture, "CLIENT_ARCH_TYPE", OptionForm.Numbers, 2),
        new(OptionCode.ClientNetworkInterface, "NII", OptionForm.Fixed, 3),
        new(OptionCode.AftrName, "AFTR_NAME", OptionForm.DomainNames),
        new(OptionCode.ErpLocalDomain, "ERP_LOCAL_DOMAIN_NAME", OptionForm.DomainNames),
        new(OptionCode.RelaySuppliedOptions, "RSOO", OptionForm.Container),
        new(OptionCode.PdExclude, "PD_EXCLUDE", OptionForm.AtLeast, 2),
        new(OptionCode.ClientLinkLayerAddress, "CLIENT_LINKLAYER_ADDR", OptionForm.AtLeast, 2),
        new(OptionCode.SolMaxRt, "SOL_MAX_RT", OptionForm.Seconds, 4),
        new(OptionCode.InfMaxRt, "INF_MAX_RT", OptionForm.Seconds, 4),
        new(OptionCode.Dhcpv4Message, "DHCPV4_MSG", OptionForm.Opaque),
        new(OptionCode.Dhcp4ODhcp6Server, "DHCP4_O_DHCP6_SERVER", OptionForm.Addresses, 16),
        new(OptionCode.S46Rule, "S46_RULE", OptionForm.ShortPrefixContainer, 7),
        new(OptionCode.S46Br, "S46_BR", OptionForm.Address, 16),
        new(OptionCode.S46Dmr, "S46_DMR", OptionForm.ShortPrefix),
        new(OptionCode.S46V4V6Bind, "S46_V4V6BIND", OptionForm.ShortPrefixContainer, 4),
        new(OptionCode.S46PortParameters, "S46_PORTPARAMS", OptionForm.Fixed, 4),
        new(OptionCode.S46ContainerMapE, "S46_CONT_MAPE", OptionForm.Container),
        new(OptionCode.S46ContainerMapT, "S46_CONT_MAPT", OptionForm.Container),
        new(OptionCode.S46ContainerLw, "S46_CONT_LW", OptionForm.Container),
        new(OptionCode.LqBaseTime, "LQ_BASE_TIME", OptionForm.AbsoluteTime, 4),
        new(OptionCode.LqStartTime, "LQ_START_TIME", OptionForm.AbsoluteTime, 4),
        new(OptionCode.LqEndTime, "LQ_END_TIME", OptionForm.AbsoluteTime, 4),
        new(OptionCode.RelaySourcePort, "RELAY_PORT", OptionForm.Number, 2),
        new(OptionCode.S46BindIpv6Prefix, "S46_BIND_IPV6_PREFIX", OptionForm.ShortPrefix),
    ];

    // Looked up for every option of every packet: an array by code.
    private static readonly Row[] ByCode = MakeTable();

    /// <summary>The name in IANA's registry, without its <c>OPTION_</c>; <c>UNKNOWN</c> for a code that has no row.</summary>
    public static string NameOf(OptionCode code) => RowOf(code).Name ?? "UNKNOWN";

    /// <summary>Octets in front of the options within the option; false when it holds none, or none at a fixed place, or of a code space of its own.</summary>
    public static bool TryGetContainer(OptionCode code, out int fixedPart)
    {
        var row = RowOf(code);
        fixedPart = row.Size;
        return row.Form is OptionForm.Container or OptionForm.IaPrefix;
    }

    internal static Row RowOf(OptionCode code) => (ushort)code < ByCode.Length ? ByCode[(ushort)code] : default;

    private static Row[] MakeTable()
    {
        var table = new Row[256];
        foreach (var row in Rows)
            table[(ushort)row.Code] = row;
        return table;
    }

    /// <summary>What is known of an option.</summary>
    /// <param name="Code">Its code.</param>
    /// <param name="Name">Its name; null in the row of an unknown code.</param>
    /// <param name="Form">The form of its data.</param>
    /// <param name="Size">Octets of the form's fixed part, or of one of its elements.</param>
    internal readonly record struct Row(OptionCode Code, string? Name, OptionForm Form, int Size = 0);
}

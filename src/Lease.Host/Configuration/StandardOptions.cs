namespace Lease.Host.Configuration;

/// <summary>The options that Kea defines for the <c>dhcp6</c> space the spaces within and the vendor that it knows, with Kea's names and types.</summary>
internal static class StandardOptions
{
    /// <summary>Space of the DHCPv6 options.</summary>
    public const string Dhcp6 = "dhcp6";

    // CableLabs: what cable modems ask for (CL-SP-CANN-DHCP-Reg).
    private const string CableLabs = "vendor-4491";

    public static IReadOnlyList<OptionType> All { get; } =
    [
        new("preference", 7, Dhcp6, "uint8"),
        new("unicast", 12, Dhcp6, "ipv6-address"),
        new("vendor-opts", 17, Dhcp6, "uint32", Encapsulates: "vendor-opts-space"),
        new("sip-server-dns", 21, Dhcp6, "fqdn", IsArray: true),
        new("sip-server-addr", 22, Dhcp6, "ipv6-address", IsArray: true),
        new("dns-servers", 23, Dhcp6, "ipv6-address", IsArray: true),
        new("domain-search", 24, Dhcp6, "fqdn", IsArray: true),
        new("nis-servers", 27, Dhcp6, "ipv6-address", IsArray: true),
        new("nisp-servers", 28, Dhcp6, "ipv6-address", IsArray: true),
        new("nis-domain-name", 29, Dhcp6, "fqdn", IsArray: true),
        new("nisp-domain-name", 30, Dhcp6, "fqdn", IsArray: true),
        new("sntp-servers", 31, Dhcp6, "ipv6-address", IsArray: true),
        new("information-refresh-time", 32, Dhcp6, "uint32"),
        new("bcmcs-server-dns", 33, Dhcp6, "fqdn", IsArray: true),
        new("bcmcs-server-addr", 34, Dhcp6, "ipv6-address", IsArray: true),
        new("geoconf-civic", 36, Dhcp6, "record", Fields: ["uint8", "uint16", "binary"]),
        new("pana-agent", 40, Dhcp6, "ipv6-address", IsArray: true),
        new("new-posix-timezone", 41, Dhcp6, "string"),
        new("new-tzdb-timezone", 42, Dhcp6, "string"),
        new("v6-lost", 51, Dhcp6, "fqdn"),
        new("capwap-ac-v6", 52, Dhcp6, "ipv6-address", IsArray: true),
        new("v6-access-domain", 57, Dhcp6, "fqdn"),
        new("sip-ua-cs-list", 58, Dhcp6, "fqdn", IsArray: true),
        new("bootfile-url", 59, Dhcp6, "string"),
        new("bootfile-param", 60, Dhcp6, "tuple", IsArray: true),
        new("aftr-name", 64, Dhcp6, "fqdn"),
        new("erp-local-domain-name", 65, Dhcp6, "fqdn"),
        new("pd-exclude", 67, Dhcp6, "binary"),
        new("rdnss-selection", 74, Dhcp6, "record", IsArray: true, Fields: ["ipv6-address", "uint8", "fqdn"]),
        new("solmax-rt", 82, Dhcp6, "uint32"),
        new("sol-max-rt", 82, Dhcp6, "uint32"),
        new("inf-max-rt", 83, Dhcp6, "uint32"),
        
        // RFC 7341 section 7.2: without addresses it tells clients to use multicast.
        new("dhcp4o6-server-addr", 88, Dhcp6, "ipv6-address", IsArray: true, MayBeEmpty: true),
        new("s46-br", 90, Dhcp6, "ipv6-address"),
        new("s46-cont-mape", 94, Dhcp6, "empty", Encapsulates: "s46-cont-mape-options"),
        new("s46-cont-mapt", 95, Dhcp6, "empty", Encapsulates: "s46-cont-mapt-options"),
        new("s46-cont-lw", 96, Dhcp6, "empty", Encapsulates: "s46-cont-lw-options"),
        new("v6-captive-portal", 103, Dhcp6, "string"),
        new("s46-bind-ipv6-prefix", 137, Dhcp6, "ipv6-prefix"),
        new("ipv6-address-andsf", 143, Dhcp6, "ipv6-address", IsArray: true),

        // The 4o6 draft's, by its default code point.
        new("dhcp4o6-enable", 65004, Dhcp6, "empty"),
        new("s46-rule", 89, "s46-cont-mape-options", "record", Fields: ["uint8", "uint8", "uint8", "ipv4-address", "ipv6-prefix"], Encapsulates: "s46-rule-options"),
        new("s46-br", 90, "s46-cont-mape-options", "ipv6-address"),
        new("s46-rule", 89, "s46-cont-mapt-options", "record", Fields: ["uint8", "uint8", "uint8", "ipv4-address", "ipv6-prefix"], Encapsulates: "s46-rule-options"),
        new("s46-dmr", 91, "s46-cont-mapt-options", "ipv6-prefix"),
        new("s46-br", 90, "s46-cont-lw-options", "ipv6-address"),
        new("s46-v4v6bind", 92, "s46-cont-lw-options", "record", Fields: ["ipv4-address", "ipv6-prefix"], Encapsulates: "s46-v4v6bind-options"),
        new("s46-portparams", 93, "s46-rule-options", "record", Fields: ["uint8", "psid"]),
        new("s46-portparams", 93, "s46-v4v6bind-options", "record", Fields: ["uint8", "psid"]),
        new("oro", 1, CableLabs, "uint16", IsArray: true),
        new("tftp-servers", 32, CableLabs, "ipv6-address", IsArray: true),
        new("config-file", 33, CableLabs, "string"),
        new("syslog-servers", 34, CableLabs, "ipv6-address", IsArray: true),
        new("device-id", 36, CableLabs, "binary"),
        new("time-servers", 37, CableLabs, "ipv6-address", IsArray: true),
        new("time-offset", 38, CableLabs, "int32"),
        new("cmts-cm-mac", 1026, CableLabs, "binary"),
    ];
}

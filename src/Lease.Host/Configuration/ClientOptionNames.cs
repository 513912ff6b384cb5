namespace Lease.Host.Configuration;

/// <summary>Kea's names of the options that only clients and relays send: expressions may name them, <c>option-data</c> may not.</summary>
internal static class ClientOptionNames
{
    private static readonly (string Name, ushort Code)[] Dhcp6 =
    [
        ("clientid", 1), ("serverid", 2), ("ia-na", 3), ("ia-ta", 4), ("iaaddr", 5), ("oro", 6), ("elapsed-time", 8), ("relay-msg", 9), ("auth", 11), ("status-code", 13),
        ("rapid-commit", 14), ("user-class", 15), ("vendor-class", 16), ("interface-id", 18), ("reconf-msg", 19), ("reconf-accept", 20), ("ia-pd", 25), ("iaprefix", 26),
        ("remote-id", 37), ("subscriber-id", 38), ("client-fqdn", 39), ("ero", 43), ("relay-id", 53), ("client-arch-type", 61), ("nii", 62), ("rsoo", 66),
        ("client-linklayer-addr", 79), ("dhcpv4-message", 87),
    ];

    private static readonly (string Name, ushort Code)[] Dhcp4 =
    [
        ("dhcp-requested-address", 50), ("dhcp-lease-time", 51), ("dhcp-option-overload", 52), ("dhcp-message-type", 53), ("dhcp-parameter-request-list", 55),
        ("dhcp-message", 56), ("dhcp-max-message-size", 57), ("dhcp-renewal-time", 58), ("dhcp-rebinding-time", 59), ("vendor-class-identifier", 60), ("dhcp-client-identifier", 61),
        ("user-class", 77), ("fqdn", 81), ("dhcp-agent-options", 82), ("authenticate", 90), ("client-last-transaction-time", 91), ("associated-ip", 92), ("client-system", 93),
        ("client-ndi", 94), ("uuid-guid", 97), ("subnet-selection", 118), ("vivco-suboptions", 124), ("vivso-suboptions", 125),
    ];

    /// <summary>The code of a name; null for an unknown one.</summary>
    public static ushort? Find(OptionUniverse universe, string name)
    {
        foreach (var (known, code) in universe == OptionUniverse.Dhcp4 ? Dhcp4 : Dhcp6)
        {
            if (known == name)
                return code;
        }

        return null;
    }
}

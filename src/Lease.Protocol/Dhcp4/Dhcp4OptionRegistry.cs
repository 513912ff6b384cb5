namespace Lease.Protocol.Dhcp4;

/// <summary>What the length of an option's data must be.</summary>
internal enum Dhcp4OptionForm : byte
{
    /// <summary>Anything.</summary>
    Opaque,

    /// <summary>Exactly the size.</summary>
    Fixed,

    /// <summary>At least the size.</summary>
    AtLeast,

    /// <summary>One or more elements of the size.</summary>
    ListOf,
}

/// <summary>One row for each option that has a meaning here: its name (Kea's), and what its length must be.</summary>
public static class Dhcp4OptionRegistry
{
    private static readonly Row[] ByCode = MakeTable(
    [
        new(Dhcp4OptionCode.SubnetMask, "subnet-mask", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.Routers, "routers", Dhcp4OptionForm.ListOf, 4),
        new(Dhcp4OptionCode.DnsServers, "domain-name-servers", Dhcp4OptionForm.ListOf, 4),
        new(Dhcp4OptionCode.HostName, "host-name", Dhcp4OptionForm.AtLeast, 1),
        new(Dhcp4OptionCode.DomainName, "domain-name", Dhcp4OptionForm.AtLeast, 1),
        new(Dhcp4OptionCode.BroadcastAddress, "broadcast-address", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.VendorInformation, "vendor-encapsulated-options"),
        new(Dhcp4OptionCode.RequestedAddress, "dhcp-requested-address", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.LeaseTime, "dhcp-lease-time", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.Overload, "dhcp-option-overload", Dhcp4OptionForm.Fixed, 1),
        new(Dhcp4OptionCode.MessageType, "dhcp-message-type", Dhcp4OptionForm.Fixed, 1),
        new(Dhcp4OptionCode.ServerId, "dhcp-server-identifier", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.ParameterRequestList, "dhcp-parameter-request-list", Dhcp4OptionForm.AtLeast, 1),
        new(Dhcp4OptionCode.Message, "dhcp-message"),
        new(Dhcp4OptionCode.MaxMessageSize, "dhcp-max-message-size", Dhcp4OptionForm.Fixed, 2),
        new(Dhcp4OptionCode.RenewalTime, "dhcp-renewal-time", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.RebindingTime, "dhcp-rebinding-time", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.VendorClass, "vendor-class-identifier"),
        new(Dhcp4OptionCode.ClientId, "dhcp-client-identifier", Dhcp4OptionForm.AtLeast, 2),
        new(Dhcp4OptionCode.TftpServerName, "tftp-server-name"),
        new(Dhcp4OptionCode.BootFileName, "boot-file-name"),
        new(Dhcp4OptionCode.UserClass, "user-class"),
        new(Dhcp4OptionCode.RapidCommit, "rapid-commit", Dhcp4OptionForm.Fixed),
        new(Dhcp4OptionCode.ClientFqdn, "fqdn", Dhcp4OptionForm.AtLeast, 3),
        new(Dhcp4OptionCode.RelayAgentInformation, "dhcp-agent-options"),
        new(Dhcp4OptionCode.ClientLastTransactionTime, "client-last-transaction-time", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.AssociatedIp, "associated-ip", Dhcp4OptionForm.ListOf, 4),
        new(Dhcp4OptionCode.ClientArchitecture, "client-system", Dhcp4OptionForm.ListOf, 2),
        new(Dhcp4OptionCode.S46SourceAddress, "dhcp4o6-s46-saddr", Dhcp4OptionForm.Fixed, 16),
        new(Dhcp4OptionCode.SubnetSelection, "subnet-selection", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.VendorIdentifyingClass, "vivco-suboptions", Dhcp4OptionForm.AtLeast, 4),
        new(Dhcp4OptionCode.VendorIdentifyingInformation, "vivso-suboptions", Dhcp4OptionForm.AtLeast, 4),
        new(Dhcp4OptionCode.StatusCode, "status-code", Dhcp4OptionForm.AtLeast, 1),
        new(Dhcp4OptionCode.BaseTime, "base-time", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.StartTimeOfState, "start-time-of-state", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.QueryStartTime, "query-start-time", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.QueryEndTime, "query-end-time", Dhcp4OptionForm.Fixed, 4),
        new(Dhcp4OptionCode.DhcpState, "dhcp-state", Dhcp4OptionForm.Fixed, 1),
        new(Dhcp4OptionCode.DataSource, "data-source", Dhcp4OptionForm.Fixed, 1),
        new(Dhcp4OptionCode.PortParameters, "v4-portparams", Dhcp4OptionForm.Fixed, 4),
    ]);

    /// <summary>The name; <c>unknown</c> for a code that has no row.</summary>
    public static string NameOf(Dhcp4OptionCode code) => ByCode[(byte)code].Name ?? "unknown";

    internal static (Dhcp4OptionForm Form, int Size) FormOf(Dhcp4OptionCode code) => (ByCode[(byte)code].Form, ByCode[(byte)code].Size);

    private static Row[] MakeTable(ReadOnlySpan<Row> rows)
    {
        var table = new Row[256];
        foreach (var row in rows)
            table[(byte)row.Code] = row;
        return table;
    }

    private readonly record struct Row(Dhcp4OptionCode Code, string? Name, Dhcp4OptionForm Form = Dhcp4OptionForm.Opaque, int Size = 0);
}

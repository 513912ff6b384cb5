namespace Lease.Protocol.Dhcp6;

/// <summary>The form of an option's data: what is checked before anybody reads it.</summary>
internal enum OptionForm : byte
{
    /// <summary>Any octets.</summary>
    Opaque,

    /// <summary>A fixed number of octets.</summary>
    Fixed,

    /// <summary>A multiple of a number of octets.</summary>
    Multiple,

    /// <summary>At least a number of octets, then anything.</summary>
    AtLeast,

    /// <summary>A fixed part, then options.</summary>
    Container,

    /// <summary>A DUID.</summary>
    Duid,

    /// <summary>Elements, each with a u16 length in front, after a fixed part.</summary>
    Elements,

    /// <summary>Domain names (RFC 8415 section 10), after a fixed part.</summary>
    DomainNames,

    /// <summary>An IAPREFIX: a container whose prefix length is at octet 8.</summary>
    IaPrefix,

    /// <summary>A prefix length, then the prefix in as few octets as it needs (RFC 8539 section 7), then options where the option is a container.</summary>
    ShortPrefix,
}

/// <summary>One row for each option with structure: what its data must be.</summary>
public static class OptionRegistry
{
    private static readonly Dictionary<OptionCode, (OptionForm Form, int Size)> Forms = new()
    {
        [OptionCode.ClientId] = (OptionForm.Duid, 0),
        [OptionCode.ServerId] = (OptionForm.Duid, 0),
        [OptionCode.RelayId] = (OptionForm.Duid, 0),
        [OptionCode.IaNa] = (OptionForm.Container, 12),
        [OptionCode.IaTa] = (OptionForm.Container, 4),
        [OptionCode.IaAddress] = (OptionForm.Container, 24),
        [OptionCode.OptionRequest] = (OptionForm.Multiple, 2),
        [OptionCode.Preference] = (OptionForm.Fixed, 1),
        [OptionCode.ElapsedTime] = (OptionForm.Fixed, 2),
        [OptionCode.Authentication] = (OptionForm.AtLeast, 11),
        [OptionCode.Unicast] = (OptionForm.Fixed, 16),
        [OptionCode.StatusCode] = (OptionForm.AtLeast, 2),
        [OptionCode.RapidCommit] = (OptionForm.Fixed, 0),
        [OptionCode.UserClass] = (OptionForm.Elements, 0),
        [OptionCode.VendorClass] = (OptionForm.Elements, 4),
        [OptionCode.VendorOptions] = (OptionForm.Container, 4),
        [OptionCode.ReconfigureMessage] = (OptionForm.Fixed, 1),
        [OptionCode.ReconfigureAccept] = (OptionForm.Fixed, 0),
        [OptionCode.SipServerNames] = (OptionForm.DomainNames, 0),
        [OptionCode.SipServerAddresses] = (OptionForm.Multiple, 16),
        [OptionCode.DnsServers] = (OptionForm.Multiple, 16),
        [OptionCode.DomainList] = (OptionForm.DomainNames, 0),
        [OptionCode.IaPd] = (OptionForm.Container, 12),
        [OptionCode.IaPrefix] = (OptionForm.IaPrefix, 25),
        [OptionCode.NisServers] = (OptionForm.Multiple, 16),
        [OptionCode.NispServers] = (OptionForm.Multiple, 16),
        [OptionCode.SntpServers] = (OptionForm.Multiple, 16),
        [OptionCode.InformationRefreshTime] = (OptionForm.Fixed, 4),
        [OptionCode.BcmcsAddresses] = (OptionForm.Multiple, 16),
        [OptionCode.RemoteId] = (OptionForm.AtLeast, 4),
        [OptionCode.ClientFqdn] = (OptionForm.AtLeast, 1),
        [OptionCode.PanaAgents] = (OptionForm.Multiple, 16),
        [OptionCode.EchoRequest] = (OptionForm.Multiple, 2),
        [OptionCode.LqQuery] = (OptionForm.Container, 17),
        [OptionCode.ClientData] = (OptionForm.Container, 0),
        [OptionCode.CltTime] = (OptionForm.Fixed, 4),
        [OptionCode.LqRelayData] = (OptionForm.AtLeast, 16),
        [OptionCode.LqClientLink] = (OptionForm.Multiple, 16),
        [OptionCode.NtpServer] = (OptionForm.Container, 0),
        [OptionCode.BootfileParameters] = (OptionForm.Elements, 0),
        [OptionCode.ClientArchitecture] = (OptionForm.Multiple, 2),
        [OptionCode.ClientNetworkInterface] = (OptionForm.Fixed, 3),
        [OptionCode.AftrName] = (OptionForm.DomainNames, 0),
        [OptionCode.ErpLocalDomain] = (OptionForm.DomainNames, 0),
        [OptionCode.RelaySuppliedOptions] = (OptionForm.Container, 0),
        [OptionCode.PdExclude] = (OptionForm.AtLeast, 2),
        [OptionCode.ClientLinkLayerAddress] = (OptionForm.AtLeast, 2),
        [OptionCode.SolMaxRt] = (OptionForm.Fixed, 4),
        [OptionCode.InfMaxRt] = (OptionForm.Fixed, 4),
        [OptionCode.Dhcp4ODhcp6Server] = (OptionForm.Multiple, 16),
        [OptionCode.S46Rule] = (OptionForm.AtLeast, 8),
        [OptionCode.S46Br] = (OptionForm.Fixed, 16),
        [OptionCode.S46Dmr] = (OptionForm.ShortPrefix, 0),
        [OptionCode.S46V4V6Bind] = (OptionForm.AtLeast, 5),
        [OptionCode.S46PortParameters] = (OptionForm.Fixed, 4),
        [OptionCode.S46ContainerMapE] = (OptionForm.Container, 0),
        [OptionCode.S46ContainerMapT] = (OptionForm.Container, 0),
        [OptionCode.S46ContainerLw] = (OptionForm.Container, 0),
        [OptionCode.LqBaseTime] = (OptionForm.Fixed, 4),
        [OptionCode.LqStartTime] = (OptionForm.Fixed, 4),
        [OptionCode.LqEndTime] = (OptionForm.Fixed, 4),
        [OptionCode.RelaySourcePort] = (OptionForm.Fixed, 2),
        [OptionCode.S46BindIpv6Prefix] = (OptionForm.ShortPrefix, 0),
    };

    // Looked up for every option of every packet: an array by code, not the dictionary.
    private static readonly (OptionForm Form, int Size)[] ByCode = MakeTable();

    internal static (OptionForm Form, int Size) FormOf(OptionCode code) => (ushort)code < ByCode.Length ? ByCode[(ushort)code] : default;

    /// <summary>Octets in front of the options within the option; false when it holds none.</summary>
    public static bool TryGetContainer(OptionCode code, out int fixedPart)
    {
        var (form, size) = FormOf(code);
        fixedPart = size;
        // NTP_SERVER and VENDOR_OPTS hold options of spaces of their own.
        return form is OptionForm.Container or OptionForm.IaPrefix && code is not (OptionCode.NtpServer or OptionCode.VendorOptions);
    }

    private static (OptionForm Form, int Size)[] MakeTable()
    {
        var table = new (OptionForm, int)[256];
        foreach (var (code, form) in Forms)
            table[(ushort)code] = form;
        return table;
    }
}

namespace Lease.Peers.Client;

/// <summary>Something that the host must apply: the words and values are in docs/client.md.</summary>
/// <param name="Reason">BOUND6, RENEW6, REBIND6, EXPIRE6, RELEASE6, BOUND4, RENEW4, REBIND4, EXPIRE4, RELEASE4, STOP4.</param>
/// <param name="Facts">Values by name, in the order of the documentation.</param>
public sealed record ClientEvent(string Reason, IReadOnlyDictionary<string, string> Facts);

/// <summary>What a client asks for.</summary>
public sealed record ClientOptions
{
    /// <summary>The client's DUID.</summary>
    public required byte[] Duid { get; init; }

    /// <summary>IAID of its associations.</summary>
    public uint Iaid { get; init; } = 1;

    /// <summary>Whether it asks for an address (IA_NA).</summary>
    public bool Address { get; init; } = true;

    /// <summary>Whether it asks for a prefix (IA_PD).</summary>
    public bool Prefix { get; init; }

    /// <summary>Whether SOLICIT carries RAPID_COMMIT.</summary>
    public bool RapidCommit { get; init; }

    /// <summary>Whether it asks for IPv4 by DHCPv4 over DHCPv6 (RFC 7341).</summary>
    public bool Dhcp4o6 { get; init; }

    /// <summary>Whether it can share an IPv4 address (RFC 7618).</summary>
    public bool PortSets { get; init; }

    /// <summary>Its tunnel source address (RFC 8539); null: its leased address, within the prefix of S46_BIND_IPV6_PREFIX where there is one.</summary>
    public Protocol.Ipv6Address? TunnelSource { get; init; }

    /// <summary>Whether it gives a tunnel source address at all.</summary>
    public bool WithTunnel { get; init; } = true;
}

using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Leasequery;

/// <summary>An address or prefix of a client.</summary>
/// <param name="Prefix">The prefix; an address has length 128.</param>
/// <param name="IsDelegated">Whether it is a delegated prefix.</param>
/// <param name="Preferred">Seconds of preferred lifetime left.</param>
/// <param name="Valid">Seconds of valid lifetime left; 0: it has ended (active queries only).</param>
public sealed record LeasedPrefix(Ipv6Prefix Prefix, bool IsDelegated, uint Preferred, uint Valid);

/// <summary>A DHCPv4 lease: what stands in the DHCPV4_MSG of an answer (DHCP4o6 active leasequery draft, section 3; RFC 4388 section 6.4.2).</summary>
/// <param name="Type">DHCPLEASEACTIVE, DHCPLEASEUNASSIGNED or DHCPLEASEUNKNOWN.</param>
/// <param name="Address">The address.</param>
/// <param name="Ports">The port set; null when the address is not shared, or it was not asked for.</param>
/// <param name="TunnelSource">The client's tunnel source address; null when it has none, or it was not asked for.</param>
/// <param name="Remaining">Seconds of lease time left; null unless it is active.</param>
/// <param name="State">Its state; null where the server does not say.</param>
/// <param name="Message">The DHCPv4 message.</param>
public sealed record Ipv4Lease(Dhcp4MessageType Type, Ipv4Address Address, PortParameters? Ports, Ipv6Address? TunnelSource, uint? Remaining, DhcpState? State, byte[] Message)
{
    /// <summary>The client identifier; empty when there is none.</summary>
    public ReadOnlySpan<byte> ClientId => Dhcp4Message.FromChecked(Message).Options.TryGet(Dhcp4OptionCode.ClientId, out var id) ? id : default;

    /// <summary>The hardware address; empty when it is not known.</summary>
    public ReadOnlySpan<byte> HardwareAddress => Dhcp4Message.FromChecked(Message).HardwareAddress;

    /// <summary>Seconds since the client's last exchange; null where the server does not say.</summary>
    public uint? SinceLastTransaction => Dhcp4Message.FromChecked(Message).Options.TryGetNumber(Dhcp4OptionCode.ClientLastTransactionTime, out var seconds) ? seconds : null;

    /// <summary>Reads a DHCPv4 message; null when it is malformed or tells of no lease.</summary>
    public static Ipv4Lease? Read(ReadOnlySpan<byte> octets)
    {
        if (!Dhcp4Message.TryRead(octets, 0, out var message, out _)
            || message.Type is not (Dhcp4MessageType.LeaseActive or Dhcp4MessageType.LeaseUnassigned or Dhcp4MessageType.LeaseUnknown))
            return null;
        var options = message.Options;
        return new Ipv4Lease(
            message.Type,
            message.ClientAddress,
            options.TryGet(Dhcp4OptionCode.PortParameters, out var data) && PortParameters.TryRead(data, out var ports) ? ports : null,
            options.TryGet(Dhcp4OptionCode.S46SourceAddress, out data) ? Ipv6Address.Read(data) : null,
            message.Type == Dhcp4MessageType.LeaseActive && options.TryGetNumber(Dhcp4OptionCode.LeaseTime, out var seconds) ? seconds : null,
            options.TryGetNumber(Dhcp4OptionCode.DhcpState, out var state) ? (DhcpState)state : null,
            octets.ToArray());
    }
}

/// <summary>What a server told of one client on one link: a CLIENT_DATA (RFC 5007 section 4.1.2.2), and a DHCPv4 lease of it where that was asked for.</summary>
/// <param name="ClientId">The client's DUID; empty for a DHCPv4 client that has none.</param>
/// <param name="Leases">All DHCPv6 leases that it holds on the link, and for active queries what it held.</param>
/// <param name="SinceLastTransaction">Seconds since the server's last exchange with it (CLT_TIME).</param>
/// <param name="Options">The options of CLIENT_DATA as they came.</param>
public sealed record ClientData(byte[] ClientId, IReadOnlyList<LeasedPrefix> Leases, uint SinceLastTransaction, byte[] Options)
{
    /// <summary>The DHCPv4 lease; null in answers about DHCPv6 leases.</summary>
    public Ipv4Lease? Ipv4 { get; init; }

    /// <summary>Reads what a message tells of a client; null when it tells of none, or without CLIENTID or CLT_TIME (RFC 5007 section 4.3.3; leasequery draft section 4.3.3.1).</summary>
    public static ClientData? Read(in LeasequeryAnswer answer)
    {
        var ipv4 = answer.Options.TryGet(OptionCode.Dhcpv4Message, out var octets) ? Ipv4Lease.Read(octets) : null;
        if (answer.TryGetClient(out var client))
            return Read(client, ipv4);
        return ipv4 is null ? null : new ClientData([], [], ipv4.SinceLastTransaction ?? 0, []) { Ipv4 = ipv4 };
    }

    /// <summary>Reads a CLIENT_DATA; null for one without CLIENTID or CLT_TIME.</summary>
    public static ClientData? Read(in ClientDataOption client, Ipv4Lease? ipv4 = null)
    {
        if ((client.ClientId.IsEmpty && ipv4 is null) || client.SinceLastTransaction is not { } since)
            return null;
        var leases = new List<LeasedPrefix>(2);
        foreach (var option in client.Options)
        {
            if (IaAddressOption.TryRead(option, out var address))
                leases.Add(new LeasedPrefix(new Ipv6Prefix(address.Address, 128), IsDelegated: false, address.Preferred, address.Valid));
            else if (IaPrefixOption.TryRead(option, out var prefix))
                leases.Add(new LeasedPrefix(prefix.Prefix, IsDelegated: true, prefix.Preferred, prefix.Valid));
        }

        return new ClientData(client.ClientId.ToArray(), leases, since, client.Options.Octets.ToArray()) { Ipv4 = ipv4 };
    }
}

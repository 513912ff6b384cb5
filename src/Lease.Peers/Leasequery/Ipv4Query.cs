using Lease.Peers.Dhcp4;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Leasequery;

/// <summary>A query about DHCPv4 leases: by one of address, hardware address, client identifier, relay-id and remote-id, or for all (RFC 6926 section 7.2).</summary>
public sealed record Ipv4Query
{
    /// <summary>The address.</summary>
    public Ipv4Address? Address { get; init; }

    /// <summary>The hardware address, of Ethernet.</summary>
    public byte[] HardwareAddress { get; init; } = [];

    /// <summary>The client identifier.</summary>
    public byte[] ClientId { get; init; } = [];

    /// <summary>The DUID of a relay.</summary>
    public byte[] RelayId { get; init; } = [];

    /// <summary>A remote-id: of a DHCPv6 relay with its enterprise number in front.</summary>
    public byte[] RemoteId { get; init; } = [];

    /// <summary>DHCPv4 options to be told; empty: what the server likes.</summary>
    public IReadOnlyList<Dhcp4OptionCode> Parameters { get; init; } = [];

    /// <summary>What an lwAFTR asks (draft, section 4): everything, with port sets and tunnel sources.</summary>
    public static Ipv4Query All { get; } = new() { Parameters = [Dhcp4OptionCode.PortParameters, Dhcp4OptionCode.S46SourceAddress] };

    /// <summary>Writes the DHCPv4 message that goes into a DHCPv6 message of this type.</summary>
    public byte[] Encode(MessageType outer, uint transactionId) => (ToRequest(outer) with { TransactionId = transactionId }).Encode();

    /// <summary>The DHCPv4 message that goes into a DHCPv6 message of this type; into DHCPV4-QUERY, over UDP, DHCPLEASEQUERY.</summary>
    public Dhcp4Request ToRequest(MessageType outer) => new()
    {
        Type = outer switch
        {
            MessageType.ActiveLeaseQuery => Dhcp4MessageType.ActiveLeaseQuery,
            MessageType.LeaseQuery when Address is null => Dhcp4MessageType.BulkLeaseQuery,
            _ => Dhcp4MessageType.LeaseQuery,
        },
        ClientAddress = Address ?? default,
        HardwareAddress = HardwareAddress,
        ClientId = ClientId,
        Parameters = Parameters,
        Options = RelayOptions(),
    };

    private IReadOnlyList<(Dhcp4OptionCode Code, byte[] Data)> RelayOptions()
    {
        if (RelayId.Length > 0)
            return [(Dhcp4OptionCode.RelayAgentInformation, [(byte)RelayAgentSubOption.RelayId, (byte)RelayId.Length, .. RelayId])];
        return RemoteId.Length > 0 ? [(Dhcp4OptionCode.RelayAgentInformation, [(byte)RelayAgentSubOption.RemoteId, (byte)RemoteId.Length, .. RemoteId])] : [];
    }
}

using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Peers.Dhcp4;

/// <summary>A client of DHCPv4 over DHCPv6 with its lease.</summary>
/// <param name="peer">The socket.</param>
/// <param name="duid">Its DUID; its client identifier is of RFC 4361.</param>
public sealed class SimulatedDhcp4Client(Dhcp4Peer peer, byte[] duid)
{
    private const uint Iaid = 1;

    private readonly byte[] clientId = ClientIdentifier.Make(Iaid, duid);
    private Ipv4Address? serverId;

    /// <summary>Its client identifier.</summary>
    public byte[] ClientId => clientId;

    /// <summary>Its address; null when it has none.</summary>
    public Ipv4Address? Address { get; private set; }

    /// <summary>Its port set; null when it has the whole address.</summary>
    public PortParameters? Ports { get; private set; }

    /// <summary>Whether it can share an address (RFC 7618).</summary>
    public bool AcceptsPortSets { get; init; }

    /// <summary>Its tunnel source address (RFC 8539); null: it gives none.</summary>
    public Ipv6Address? TunnelSource { get; set; }

    /// <summary>Relays in front of it, the one nearest to it first.</summary>
    public IReadOnlyList<RelayHop> Relays { get; init; } = [];

    /// <summary>DISCOVER and REQUEST, or with rapid commit DISCOVER alone.</summary>
    /// <returns>The last answer; null when there was none.</returns>
    public async Task<Dhcp4Reply?> BindAsync(bool rapidCommit = false, CancellationToken cancellation = default)
    {
        var discover = Request(Dhcp4MessageType.Discover) with { Options = rapidCommit ? [(Dhcp4OptionCode.RapidCommit, [])] : [] };
        var offer = await peer.ExchangeAsync(discover, cancellation: cancellation);
        if (offer is null or { Type: Dhcp4MessageType.Ack })
            return Take(offer);
        serverId = offer.Message.Options.TryGetAddress(Dhcp4OptionCode.ServerId, out var id) ? id : null;
        var request = Request(Dhcp4MessageType.Request) with { Requested = offer.Message.YourAddress, ServerId = serverId, Ports = offer.Ports };
        return Take(await peer.ExchangeAsync(request, cancellation: cancellation));
    }

    /// <summary>REQUEST of a bound client: RENEWING, or REBINDING.</summary>
    public async Task<Dhcp4Reply?> RenewAsync(bool isRebinding = false, CancellationToken cancellation = default)
        => Take(await peer.ExchangeAsync(Request(Dhcp4MessageType.Request) with { ClientAddress = Address ?? default, IsUnicast = !isRebinding }, cancellation: cancellation));

    /// <summary>RELEASE: it is not answered.</summary>
    public async Task ReleaseAsync(CancellationToken cancellation = default)
    {
        await peer.TellAsync(Request(Dhcp4MessageType.Release) with { ClientAddress = Address ?? default, ServerId = serverId, IsUnicast = true }, cancellation);
        (Address, Ports) = (null, null);
    }

    /// <summary>DECLINE: it is not answered.</summary>
    public async Task DeclineAsync(CancellationToken cancellation = default)
    {
        await peer.TellAsync(Request(Dhcp4MessageType.Decline) with { Requested = Address, ServerId = serverId }, cancellation);
        (Address, Ports) = (null, null);
    }

    /// <summary>A request with this client's identity.</summary>
    public Dhcp4Request Request(Dhcp4MessageType type) => new()
    {
        Type = type,
        ClientId = clientId,
        TunnelSource = TunnelSource,
        Parameters = AcceptsPortSets ? [Dhcp4OptionCode.SubnetMask, Dhcp4OptionCode.PortParameters] : [Dhcp4OptionCode.SubnetMask],
        Relays = Relays,
    };

    private Dhcp4Reply? Take(Dhcp4Reply? reply)
    {
        if (reply?.Type == Dhcp4MessageType.Ack)
            (Address, Ports) = (reply.Message.YourAddress, reply.Ports);
        else if (reply?.Type == Dhcp4MessageType.Nak)
            (Address, Ports) = (null, null);
        return reply;
    }
}

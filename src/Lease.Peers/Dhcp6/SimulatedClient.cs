using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Dhcp6;

/// <summary>A client with its leases, as an ISP's customer has one: it asks for the associations that it was made with.</summary>
/// <param name="peer">The socket.</param>
/// <param name="duid">Its DUID.</param>
/// <param name="associations">What it asks for.</param>
public sealed class SimulatedClient(UdpPeer peer, byte[] duid, IReadOnlyList<(OptionCode Kind, uint Iaid)> associations)
{
    private byte[] serverId = [];

    /// <summary>Its DUID.</summary>
    public byte[] Duid => duid;

    /// <summary>Its leases.</summary>
    public IReadOnlyList<ClientLease> Leases { get; private set; } = [];

    /// <summary>Relays in front of it, the one nearest to it first.</summary>
    public IReadOnlyList<RelayHop> Relays { get; init; } = [];

    /// <summary>Codes for its ORO.</summary>
    public IReadOnlyList<OptionCode> Requested { get; init; } = [];

    /// <summary>SOLICIT and REQUEST, or with rapid commit SOLICIT alone.</summary>
    /// <returns>The last answer; null when there was none.</returns>
    public async Task<ServerReply?> BindAsync(bool rapidCommit = false, CancellationToken cancellation = default)
    {
        var offer = await peer.ExchangeAsync(Request(MessageType.Solicit) with { RapidCommit = rapidCommit, ServerId = default }, cancellation: cancellation);
        if (offer is null)
            return null;
        serverId = offer.ServerId;
        return offer.Type == MessageType.Reply
            ? Take(offer)
            : Take(await peer.ExchangeAsync(Request(MessageType.Request) with { Leases = [.. offer.Leases] }, cancellation: cancellation));
    }

    /// <summary>RENEW.</summary>
    public async Task<ServerReply?> RenewAsync(CancellationToken cancellation = default)
        => Take(await peer.ExchangeAsync(Request(MessageType.Renew), cancellation: cancellation));

    /// <summary>REBIND.</summary>
    public async Task<ServerReply?> RebindAsync(CancellationToken cancellation = default)
        => Take(await peer.ExchangeAsync(Request(MessageType.Rebind) with { ServerId = default }, cancellation: cancellation));

    /// <summary>CONFIRM.</summary>
    public Task<ServerReply?> ConfirmAsync(CancellationToken cancellation = default)
        => peer.ExchangeAsync(Request(MessageType.Confirm) with { ServerId = default }, cancellation: cancellation);

    /// <summary>RELEASE of everything.</summary>
    public Task<ServerReply?> ReleaseAsync(CancellationToken cancellation = default) => EndAsync(MessageType.Release, cancellation);

    /// <summary>DECLINE of everything.</summary>
    public Task<ServerReply?> DeclineAsync(CancellationToken cancellation = default) => EndAsync(MessageType.Decline, cancellation);

    /// <summary>A request with this client's identity, associations and leases.</summary>
    public ClientRequest Request(MessageType type) => new()
    {
        Type = type,
        ClientId = duid,
        ServerId = serverId,
        Associations = associations,
        Leases = Leases,
        Requested = Requested,
        Relays = Relays,
    };

    private async Task<ServerReply?> EndAsync(MessageType type, CancellationToken cancellation)
    {
        var reply = await peer.ExchangeAsync(Request(type), cancellation: cancellation);
        if (reply is not null)
            Leases = [];
        return reply;
    }

    private ServerReply? Take(ServerReply? reply)
    {
        if (reply?.Type == MessageType.Reply)
            Leases = [.. reply.Leases.Where(static l => l.Valid > 0)];
        return reply;
    }
}

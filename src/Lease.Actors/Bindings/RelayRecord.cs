using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Bindings;

/// <summary>What the DHCPv6 relays of an exchange say of the client.</summary>
internal static class RelayRecord
{
    /// <summary>What is kept of it for queries; null when the client was direct or it is not kept.</summary>
    public static RelayData? Of(ClientExchange exchange) => exchange.Subnet.StoreExtendedInfo && exchange.Chain.Hops > 0 ? Record(exchange) : null;

    /// <summary>Hardware type and address of the client as the relay nearest to it says; empty when it does not.</summary>
    public static ReadOnlySpan<byte> LinkLayerOf(ClientExchange exchange)
    {
        var packet = exchange.Datagram.Data;
        for (var hop = exchange.Chain.Hops - 1; hop >= 0; hop--)
        {
            if (exchange.Chain.Hop(packet, hop).Options.TryGet(OptionCode.ClientLinkLayerAddress, out var data))
                return data;
        }

        return default;
    }

    private static RelayData Record(ClientExchange exchange)
    {
        var packet = exchange.Datagram.Data;
        byte[]? remoteId = null;
        var relayIds = new List<byte[]>();
        var inner = Array.Empty<byte>();
        for (var hop = exchange.Chain.Hops - 1; hop >= 0; hop--)
        {
            var relay = exchange.Chain.Hop(packet, hop);
            if (remoteId is null && relay.Options.TryGet(OptionCode.RemoteId, out var remote))
                remoteId = remote.ToArray();
            if (relay.Options.TryGet(OptionCode.RelayId, out var relayId))
                relayIds.Add(relayId.ToArray());
            inner = WithoutClientMessage(relay, inner);
        }

        return new RelayData(exchange.Datagram.Source.Address, inner, remoteId, relayIds);
    }

    // The relay's message with the inner relay's in the place of what it carried; the one nearest to the client carries nothing any more.
    private static byte[] WithoutClientMessage(RelayMessage relay, byte[] inner)
    {
        var writer = new Dhcp6Writer(new byte[relay.Octets.Length]);
        writer.Octets(relay.Octets[..RelayMessage.HeaderSize]);
        foreach (var option in relay.Options)
        {
            if (option.Code != OptionCode.RelayMessage)
                writer.Option(option.Code, option.Data);
            else if (inner.Length > 0)
                writer.Option(option.Code, inner);
        }

        return writer.Written.ToArray();
    }
}

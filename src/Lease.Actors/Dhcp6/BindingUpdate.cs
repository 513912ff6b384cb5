using System.Buffers.Binary;
using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp6;

/// <summary>Makes the new state of a binding out of an exchange: what the relays and the client said is kept for queries.</summary>
internal static class BindingUpdate
{
    private const int MaxClientOptions = 1024;

    /// <summary>The binding after the exchange.</summary>
    public static Binding After(ClientExchange exchange, IReadOnlyList<BoundLease> leases, long now)
    {
        exchange.Message.Options.TryGet(OptionCode.ClientId, out var duid);
        return new Binding
        {
            Link = exchange.Link.Name,
            ClientId = BindingKey.DuidOf(exchange.Key),
            Leases = leases,
            LastTransactionAt = now,
            LinkLayerAddress = LinkLayerOf(exchange, duid),
            Relay = exchange.Subnet.StoreExtendedInfo && exchange.Chain.Hops > 0 ? RelayDataOf(exchange) : null,
            ClientOptions = ClientOptionsOf(exchange.Message),
        };
    }

    /// <summary>The row that stores <paramref name="binding"/>.</summary>
    public static BindingRow RowOf(Binding binding, TimeSpan hold) => new()
    {
        Payload = BindingCodec.Encode(binding),
        Link = binding.Link,
        ExpiresAt = binding.NextDueAt(hold),
        RemoteId = binding.Relay?.RemoteId is { } remoteId ? remoteId : null,
        DeviceId = Leasequery.DeviceId.Of(binding),
        RelayIds = binding.Relay is { } relay ? [.. relay.RelayIds.Select(static id => (ReadOnlyMemory<byte>)id)] : [],
    };

    /// <summary>The event's payload: cause u8 (the message type, or 0 for a lease's end), number of leases u8, each: state u8, address 16, length u8, ports u32.</summary>
    public static byte[] EventOf(MessageType cause, IReadOnlyList<LeaseChange> changes)
    {
        var payload = new byte[2 + (changes.Count * 22)];
        payload[0] = (byte)cause;
        payload[1] = (byte)Math.Min(changes.Count, byte.MaxValue);
        for (var i = 0; i < changes.Count; i++)
        {
            var entry = payload.AsSpan(2 + (i * 22));
            entry[0] = (byte)changes[i].State;
            BinaryPrimitives.WriteUInt128BigEndian(entry[1..], changes[i].Key.Address);
            entry[17] = changes[i].Key.Length;
            BinaryPrimitives.WriteUInt32BigEndian(entry[18..], changes[i].Key.Ports);
        }

        return payload;
    }

    private static byte[] LinkLayerOf(ClientExchange exchange, ReadOnlySpan<byte> duid)
    {
        var typed = ReservationLookup.LinkLayerOf(exchange);
        if (typed.Length > 2)
            return typed.Length <= byte.MaxValue ? typed.ToArray() : [];
        if (!Duid.TryGetLinkLayer(duid, out var hardwareType, out var address))
            return [];
        var linkLayer = new byte[2 + address.Length];
        BinaryPrimitives.WriteUInt16BigEndian(linkLayer, hardwareType);
        address.CopyTo(linkLayer.AsSpan(2));
        return linkLayer;
    }

    private static RelayData RelayDataOf(ClientExchange exchange)
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

    private static byte[] ClientOptionsOf(Dhcp6Message message)
    {
        var writer = new Dhcp6Writer(stackalloc byte[MaxClientOptions]);
        foreach (var option in message.Options)
        {
            if (option.Code is not (OptionCode.UserClass or OptionCode.VendorClass or OptionCode.VendorOptions or OptionCode.ClientFqdn
                or OptionCode.ClientArchitecture or OptionCode.OptionRequest))
                continue;
            if (writer.Length + Option.HeaderSize + option.Data.Length > MaxClientOptions)
                break;
            writer.Option(option.Code, option.Data);
        }

        return writer.Written.ToArray();
    }
}

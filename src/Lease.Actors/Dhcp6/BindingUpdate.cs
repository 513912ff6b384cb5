using System.Buffers.Binary;
using System.Collections.Immutable;
using Lease.Actors.Bindings;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp6;

/// <summary>Makes the new state of a binding out of an exchange: what the relays and the client said is kept for queries.</summary>
internal static class BindingUpdate
{
    private const int MaxClientOptions = 1024;

    /// <summary>The binding after the exchange.</summary>
    public static Binding After(Dhcp6Exchange exchange, ImmutableArray<BoundLease> leases, long now)
    {
        exchange.Message.Options.TryGet(OptionCode.ClientId, out var duid);
        return new Binding
        {
            Link = exchange.Link.Name,
            ClientId = BindingKey.IdentityOf(exchange.Key),
            Leases = leases,
            LastTransactionAt = now,
            LastTransaction = exchange.Transaction,
            LinkLayerAddress = LinkLayerOf(exchange, duid),
            Relay = RelayRecord.Of(exchange),
            ClientOptions = ClientOptionsOf(exchange.Message),
        };
    }

    private static byte[] LinkLayerOf(Dhcp6Exchange exchange, ReadOnlySpan<byte> duid)
    {
        var typed = RelayRecord.LinkLayerOf(exchange);
        if (typed.Length > 2)
            return typed.Length <= byte.MaxValue ? typed.ToArray() : [];
        if (!Duid.TryGetLinkLayer(duid, out var hardwareType, out var address))
            return [];
        var linkLayer = new byte[2 + address.Length];
        BinaryPrimitives.WriteUInt16BigEndian(linkLayer, hardwareType);
        address.CopyTo(linkLayer.AsSpan(2));
        return linkLayer;
    }

    /// <summary>The options of a client's message that are kept for queries.</summary>
    public static byte[] ClientOptionsOf(Dhcp6Message message)
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

using System.Buffers.Binary;
using System.Collections.Immutable;
using Lease.Actors.Bindings;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp4;

/// <summary>Makes the new state of a DHCPv4 binding out of an exchange: what the client and the relays said is kept for queries.</summary>
internal static class Dhcp4BindingUpdate
{
    private const int MaxOptions = 1024;

    /// <summary>The binding after the exchange.</summary>
    public static Binding After(Dhcp4Exchange exchange, ImmutableArray<BoundLease> leases, Ipv6Address? tunnelSource, long now)
    {
        var message = exchange.Message;
        return new Binding
        {
            Link = exchange.Link.Name,
            ClientId = BindingKey.IdentityOf(exchange.Key),
            Leases = leases,
            LastTransactionAt = now,
            LastTransaction = exchange.Transaction,
            LinkLayerAddress = LinkLayerOf(message),
            Relay = RelayRecord.Of(exchange) ?? RelayOf(exchange, message),
            ClientOptions = Dhcp6OptionsOf(exchange.Query),
            Ipv4 = new Ipv4Data(tunnelSource, OptionsOf(message)),
        };
    }

    private static byte[] LinkLayerOf(Dhcp4Message message)
    {
        var address = message.HardwareAddress;
        if (address.IsEmpty)
            return [];
        var linkLayer = new byte[2 + address.Length];
        BinaryPrimitives.WriteUInt16BigEndian(linkLayer, message.HardwareType);
        address.CopyTo(linkLayer.AsSpan(2));
        return linkLayer;
    }

    // A DHCPv4 relay in front of the one that spoke DHCPv6 (RFC 3046, RFC 6925).
    private static RelayData? RelayOf(Dhcp4Exchange exchange, Dhcp4Message message)
    {
        if (!exchange.Subnet.StoreExtendedInfo || !message.Options.TryGet(Dhcp4OptionCode.RelayAgentInformation, out var data))
            return null;
        var options = new SubOptionList(data);
        var remoteId = options.TryGet(RelayAgentSubOption.RemoteId, out var remote) ? remote.ToArray() : null;
        return new RelayData(exchange.Datagram.Source.Address, [], remoteId, options.TryGet(RelayAgentSubOption.RelayId, out var relayId) ? [relayId.ToArray()] : []);
    }

    // What came beside the DHCPv4 message: there is no other place where these options are (seed: DHCP4o6 active leasequery, section 1).
    private static byte[] Dhcp6OptionsOf(Dhcp6Message query)
    {
        var writer = new Dhcp6Writer(stackalloc byte[MaxOptions]);
        foreach (var option in query.Options)
        {
            if (option.Code != OptionCode.Dhcpv4Message && writer.Length + Option.HeaderSize + option.Data.Length <= MaxOptions)
                writer.Option(option.Code, option.Data);
        }

        return writer.Written.ToArray();
    }

    private static byte[] OptionsOf(Dhcp4Message message)
    {
        Span<byte> kept = stackalloc byte[MaxOptions];
        var length = 0;
        foreach (var option in message.Options)
        {
            if (!IsKept(option.Code) || length + Dhcp4Option.HeaderSize + option.Data.Length > MaxOptions)
                continue;
            kept[length] = (byte)option.Code;
            kept[length + 1] = (byte)option.Data.Length;
            option.Data.CopyTo(kept[(length + Dhcp4Option.HeaderSize)..]);
            length += Dhcp4Option.HeaderSize + option.Data.Length;
        }

        return kept[..length].ToArray();
    }

    private static bool IsKept(Dhcp4OptionCode code) => code is Dhcp4OptionCode.HostName or Dhcp4OptionCode.ParameterRequestList or Dhcp4OptionCode.VendorClass
        or Dhcp4OptionCode.ClientId or Dhcp4OptionCode.UserClass or Dhcp4OptionCode.ClientFqdn or Dhcp4OptionCode.RelayAgentInformation
        or Dhcp4OptionCode.ClientArchitecture or Dhcp4OptionCode.VendorIdentifyingClass or Dhcp4OptionCode.VendorIdentifyingInformation;
}

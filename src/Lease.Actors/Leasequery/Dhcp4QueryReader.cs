using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>
/// Makes a <see cref="BindingQuery"/> of a DHCPv4 leasequery message (RFC 4388 section 6.1, RFC 6926 section 7.2, RFC 7724 section 7.2): by one of address, hardware address, client identifier,
/// relay-id and remote-id, or for all configured addresses.
/// </summary>
public static class Dhcp4QueryReader
{
    /// <summary>Reads the query in the DHCPV4_MSG of a LEASEQUERY or ACTIVELEASEQUERY (DHCP4o6 active leasequery draft, section 3).</summary>
    public static bool TryRead(in Dhcp6Message message, out BindingQuery query, out QueryRefusal refusal)
    {
        query = null!;
        message.Options.TryGet(OptionCode.Dhcpv4Message, out var octets);
        if (message.Options.Count(OptionCode.Dhcpv4Message) > 1)
            refusal = Malformed("more than one DHCPV4_MSG");
        else if (!Dhcp4Message.TryRead(octets, 0, out var inner, out var defect))
            refusal = Malformed(defect.ToString());
        else if (!IsQuery(inner, message.Type))
            refusal = Malformed($"DHCPv4 message {inner.Type} does not go with {CodeNames.Of(message.Type)}");
        else
            return TryRead(inner, out query, out refusal);
        return false;
    }

    /// <summary>Reads a DHCPv4 leasequery message.</summary>
    public static bool TryRead(Dhcp4Message message, out BindingQuery query, out QueryRefusal refusal)
    {
        query = null!;
        refusal = default;
        message.Options.TryGet(Dhcp4OptionCode.ClientId, out var clientId);
        message.Options.TryGet(Dhcp4OptionCode.RelayAgentInformation, out var relay);
        var information = new SubOptionList(relay);
        information.TryGet(RelayAgentSubOption.RelayId, out var relayId);
        information.TryGet(RelayAgentSubOption.RemoteId, out var remoteId);
        var primaries = (message.ClientAddress.IsUnspecified ? 0 : 1) + (message.HardwareAddress.IsEmpty ? 0 : 1) + (clientId.IsEmpty ? 0 : 1) + (relayId.IsEmpty ? 0 : 1)
            + (remoteId.IsEmpty ? 0 : 1);
        if (primaries > 1)
        {
            refusal = Malformed("ask by one of address, hardware address, client identifier, relay-id and remote-id");
            return false;
        }

        query = WithTimes(Select(message, clientId, relayId, remoteId), message.Options) with
        {
            Ipv4 = new Ipv4Request(
                message.TransactionId,
                message.Type == Dhcp4MessageType.LeaseQuery,
                message.Options.TryGet(Dhcp4OptionCode.ParameterRequestList, out var codes) ? ParameterList.Of(codes) : null),
        };
        return true;
    }

    private static BindingQuery Select(Dhcp4Message message, ReadOnlySpan<byte> clientId, ReadOnlySpan<byte> relayId, ReadOnlySpan<byte> remoteId)
    {
        if (!message.ClientAddress.IsUnspecified)
        {
            var address = PortSet.ToMapped(message.ClientAddress);
            return new BindingQuery { Kind = QueryKinds.ByAddress, Selection = new BindingSelection.HoldingWithin(address.Value, 128), Prefix = new Ipv6Prefix(address, 128) };
        }

        if (!message.HardwareAddress.IsEmpty)
        {
            byte[] device = [0, message.HardwareType, .. message.HardwareAddress];
            return new BindingQuery { Kind = QueryKinds.ByDeviceId, Selection = new BindingSelection.WithDeviceId(device), Value = device };
        }

        if (!clientId.IsEmpty)
        {
            return new BindingQuery
            {
                Kind = QueryKinds.ByClientId,
                Selection = new BindingSelection.WithKeyPrefix(BindingKey.PrefixFor(IdentityKind.ClientId, clientId)),
                Value = clientId.ToArray(),
            };
        }

        if (!relayId.IsEmpty)
            return new BindingQuery { Kind = QueryKinds.ByRelayId, Selection = new BindingSelection.WithRelayId(relayId.ToArray()), Value = relayId.ToArray() };
        return remoteId.IsEmpty
            ? new BindingQuery { Kind = QueryKinds.ByLink, Selection = new BindingSelection.Every() }
            : new BindingQuery { Kind = QueryKinds.ByRemoteId, Selection = new BindingSelection.WithRemoteId(remoteId.ToArray()), Value = remoteId.ToArray() };
    }

    // Absolute times of DHCPv4 leasequery are Unix seconds (RFC 6926 section 6.2.5).
    private static BindingQuery WithTimes(BindingQuery query, Dhcp4OptionList options) => query with
    {
        ChangedFrom = options.TryGetNumber(Dhcp4OptionCode.QueryStartTime, out var from) ? from * 1000L : long.MinValue,
        ChangedBefore = options.TryGetNumber(Dhcp4OptionCode.QueryEndTime, out var to) ? (to + 1L) * 1000 : long.MaxValue,
    };

    private static bool IsQuery(Dhcp4Message message, MessageType outer) => message.Operation == BootpOperation.Request && (outer, message.Type) is
        (MessageType.ActiveLeaseQuery, Dhcp4MessageType.ActiveLeaseQuery) or (MessageType.LeaseQuery, Dhcp4MessageType.LeaseQuery or Dhcp4MessageType.BulkLeaseQuery);

    private static QueryRefusal Malformed(string text) => new(StatusCode.MalformedQuery, text);
}

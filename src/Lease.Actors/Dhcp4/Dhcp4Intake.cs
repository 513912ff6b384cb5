using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Leasequery;
using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Kernel.Sharding;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Dhcp4;

/// <summary>
/// The first look at a DHCPV4-QUERY, on the socket's thread (RFC 7341 section 8): the DHCPv4 message, its link and its client; then to the binding's shard. Nothing that comes from the
/// network throws.
/// </summary>
public sealed class Dhcp4Intake(IActorRef region, LeasequeryService leasequery, Dhcp4Counters counters, ILogger logger) : IDhcp4Service
{
    private volatile Dhcp4Settings? settings;

    /// <summary>The configuration for the messages that come from now on; null: none are served.</summary>
    public Dhcp4Settings? Settings
    {
        get => settings;
        set => settings = value;
    }

    /// <inheritdoc/>
    public void Handle(Datagram datagram, in RelayChain chain, Dhcp6Message query) => Handle(datagram, chain, query, origin: null);

    /// <summary>Takes a DHCPV4-QUERY that has been checked.</summary>
    /// <param name="datagram">The packet; released here or by who gets it.</param>
    /// <param name="chain">Its relays.</param>
    /// <param name="query">The DHCPV4-QUERY.</param>
    /// <param name="origin">Set when another program's DHCPv6 server hands it over; null for none.</param>
    public void Handle(Datagram datagram, in RelayChain chain, Dhcp6Message query, ForwardedFrom? origin)
    {
        if (settings is not { } current)
        {
            Drop(datagram, Dhcp4Drop.NotServed, "no Dhcp4 in the configuration");
            return;
        }

        // RFC 7341 section 7.1: exactly one.
        var count = query.Options.Count(OptionCode.Dhcpv4Message);
        if (count != 1)
        {
            Drop(datagram, count == 0 ? Dhcp4Drop.NoMessage : Dhcp4Drop.SeveralMessages, $"{count} DHCPV4_MSG options");
            return;
        }

        query.Options.TryGet(OptionCode.Dhcpv4Message, out var octets);
        datagram.Data.Overlaps(octets, out var start);
        if (!Dhcp4Message.TryRead(octets, start, out var message, out var defect))
        {
            Drop(datagram, Dhcp4Drop.Malformed, defect);
            return;
        }

        counters.CountReceived(message.Type);
        if (!message.IsWithCookie)
            Drop(datagram, Dhcp4Drop.NoCookie, "no magic cookie");
        else if (message is { Operation: BootpOperation.Request, Type: Dhcp4MessageType.LeaseQuery })
            leasequery.HandleIpv4(datagram, chain, start..(start + octets.Length), current, origin);
        else if (!IsForServers(message))
            Drop(datagram, Dhcp4Drop.NotForServers, message.Type);
        else if (message.Type == Dhcp4MessageType.Bootp && !current.Configuration.ServesBootp)
            Drop(datagram, Dhcp4Drop.BootpOff, "no message type, and BOOTP is off (Dhcp4.hooks-libraries)");
        else
            Route(datagram, chain, message, start..(start + octets.Length), current, origin);
    }

    private static bool IsForServers(Dhcp4Message message)
        => message.Operation == BootpOperation.Request && message.Type is Dhcp4MessageType.Bootp or Dhcp4MessageType.Discover or Dhcp4MessageType.Request or Dhcp4MessageType.Decline
            or Dhcp4MessageType.Release or Dhcp4MessageType.Inform;

    private void Route(Datagram datagram, in RelayChain chain, Dhcp4Message message, Range place, Dhcp4Settings current, ForwardedFrom? origin)
    {
        var source = origin?.Peer ?? new Ipv6Address(datagram.Source.Address);
        var classifier = current.Configuration.Classifier;
        var classes = classifier?.Classify(Dhcp4Exchange.ViewOf(datagram, chain, message.Octets, origin));
        if (classes is not null && classifier!.Drops(classes))
        {
            Drop(datagram, Dhcp4Drop.DropClass, classes);
            return;
        }

        if (!current.Localization.TryFind(message, datagram.Data, chain, origin?.Interface ?? datagram.Channel.InterfaceName, source, classes, out var link, out var subnet))
        {
            logger.NoSubnet4(source, datagram.Channel.InterfaceName);
            Drop(datagram, Dhcp4Drop.NoSubnet, message.Type);
            return;
        }

        if (message.Options.TryGetAddress(Dhcp4OptionCode.ServerId, out var serverId) && !Dhcp4Settings.IsOurs(serverId, link))
        {
            Drop(datagram, Dhcp4Drop.OtherServer, serverId);
            return;
        }

        if (!TryIdentify(message, subnet, link, out var key))
        {
            Drop(datagram, Dhcp4Drop.NoIdentity, message.Type);
            return;
        }

        var exchange = new Dhcp4Exchange(datagram, chain, place, current, link, subnet, key, classes, origin, counters);
        if (!exchange.TryClassify(logger))
            Drop(datagram, Dhcp4Drop.DropClass, exchange.Classes);
        else if (message.Type == Dhcp4MessageType.Inform)
            AnswerInform(exchange);
        else
            region.Tell(exchange);
    }

    // RFC 2131 section 4.2: the client identifier, else the hardware address with its type.
    private static bool TryIdentify(Dhcp4Message message, Dhcp4Subnet subnet, Link link, out EntityKey key)
    {
        Span<byte> buffer = stackalloc byte[byte.MaxValue];
        if (subnet.MatchClientId && message.Options.TryGetWhole(Dhcp4OptionCode.ClientId, buffer, out var clientId) && !clientId.IsEmpty)
        {
            key = BindingKey.For(IdentityKind.ClientId, clientId, link.Name);
            return true;
        }

        key = default!;
        if (message.HardwareAddress.IsEmpty)
            return false;
        buffer[0] = message.HardwareType;
        message.HardwareAddress.CopyTo(buffer[1..]);
        key = BindingKey.For(IdentityKind.HardwareAddress, buffer[..(1 + message.HardwareAddress.Length)], link.Name);
        return true;
    }

    // Section 4.3.5: options only, no lease and no commit.
    private static void AnswerInform(Dhcp4Exchange exchange)
    {
        var answer = new Dhcp4Answer { Type = Dhcp4MessageType.Ack, Subnet = exchange.Subnet, Reservation = exchange.Reservation, Classes = exchange.Classes };
        exchange.Send(answer);
        exchange.Datagram.Release();
    }

    private void Drop<T>(Datagram datagram, Dhcp4Drop reason, T detail)
    {
        counters.CountDrop(reason);
        if (logger.IsEnabled(LogLevel.Debug))
            logger.MessageDropped(reason, new Ipv6Address(datagram.Source.Address), datagram.Channel.InterfaceName, $"{detail}");
        datagram.Release();
    }
}

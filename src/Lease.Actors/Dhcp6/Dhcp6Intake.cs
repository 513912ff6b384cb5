using Lease.Actors.Bindings;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Actors.Leasequery;
using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Dhcp6;

/// <summary>
/// The first look at a packet, on the socket's thread: relays, validity, link and client; then to the binding's shard. What needs no binding (CONFIRM,
/// INFORMATION-REQUEST) is answered here. Nothing that comes from the network throws.
/// </summary>
public sealed class Dhcp6Intake(
    ActorSystem system, IActorRef region, LeasequeryService leasequery, IDhcp4Service dhcp4, Dhcp6Counters counters, ILogger logger) : IDatagramHandler
{
    private volatile Dhcp6Settings? settings;

    /// <summary>The configuration for the packets that come from now on; until it is set they are dropped.</summary>
    public Dhcp6Settings? Settings
    {
        get => settings;
        set => settings = value;
    }

    /// <inheritdoc/>
    public void AfterReceive(bool more) => system.Assist(more);

    /// <inheritdoc/>
    public void Handle(Datagram datagram)
    {
        if (settings is not { } current)
        {
            Drop(datagram, Dhcp6Drop.ServiceInterrupted, "the server is starting");
            return;
        }

        var packet = datagram.Data;
        if (!RelayChain.TryUnwrap(packet, out var chain, out var defect)
            || !Dhcp6Message.TryRead(chain.Message(packet), chain.MessageStart, out var message, out defect))
        {
            Drop(datagram, Dhcp6Drop.Malformed, defect);
            return;
        }

        counters.CountReceived(message.Type, chain.Hops > 0);
        if (message.Type == MessageType.LeaseQuery)
        {
            leasequery.Handle(datagram, chain, message);
            return;
        }

        if (message.Type == MessageType.Dhcpv4Query)
        {
            dhcp4.Handle(datagram, chain, message);
            return;
        }

        var validity = MessageValidation.Check(message, current.ServerDuid);
        if (validity != Validity.Valid)
        {
            Drop(datagram, DropOf(validity), message.Type);
            return;
        }

        if (HasTooManyIas(message))
        {
            Drop(datagram, Dhcp6Drop.TooManyIas, message.Type);
            return;
        }

        Route(datagram, chain, message, current);
    }

    private static bool HasTooManyIas(in Dhcp6Message message)
    {
        var count = 0;
        foreach (var option in message.Options)
        {
            if (option.Code is OptionCode.IaNa or OptionCode.IaTa or OptionCode.IaPd)
                count++;
        }

        return count > Dhcp6Planner.MaxLeases;
    }

    private void Route(Datagram datagram, in RelayChain chain, Dhcp6Message message, Dhcp6Settings current)
    {
        var packet = datagram.Data;
        var source = new Ipv6Address(datagram.Source.Address);
        var classifier = current.Configuration.Classifier;
        var classes = classifier?.Classify(new PacketView(packet, chain, datagram.Channel.InterfaceName, source));
        if (classes is not null && classifier!.Drops(classes))
        {
            Drop(datagram, Dhcp6Drop.DropClass, classes);
            return;
        }

        var found = chain.Hops > 0
            ? current.Selector.TrySelectRelayed(packet, chain, classes, out var link, out var subnet)
            : current.Selector.TrySelectDirect(datagram.Channel.InterfaceName, source, classes, out link, out subnet);
        if (!found)
        {
            WarnOfSubnet(datagram, chain);
            Drop(datagram, Dhcp6Drop.NoSubnet, message.Type);
            return;
        }

        if (chain.Hops == 0 && !datagram.IsMulticast && !MayBeUnicast(datagram, chain, message, current, subnet))
            return;
        message.Options.TryGet(OptionCode.ClientId, out var duid);

        // Only an INFORMATION-REQUEST may come without a DUID, and that needs no binding.
        var key = BindingKey.For(IdentityKind.Duid, duid, link.Name);
        var exchange = new Dhcp6Exchange(datagram, chain, current, link, subnet, key, classes, counters);
        if (!exchange.TryClassify(logger))
            Drop(datagram, Dhcp6Drop.DropClass, exchange.Classes);
        else if (message.Type is MessageType.Confirm or MessageType.InformationRequest)
            AnswerWithoutBinding(exchange, message);
        else
            region.Tell(exchange);
    }

    // RFC 8415 sections 16 and 18.3: what may be unicast only if the server has given the UNICAST option is refused, or dropped.
    private bool MayBeUnicast(Datagram datagram, in RelayChain chain, Dhcp6Message message, Dhcp6Settings current, Subnet subnet)
    {
        if (subnet.Options.Find((ushort)OptionCode.Unicast) is not null || new Ipv6Address(datagram.Source.Address).IsLoopback)
            return true;
        if (message.Type is MessageType.Request or MessageType.Renew or MessageType.Release or MessageType.Decline)
        {
            var refusal = new Answer { Type = MessageType.Reply, Status = StatusCode.UseMulticast };
            ReplySender.Send(datagram, chain, current, subnet, refusal, counters);
            datagram.Release();
            return false;
        }

        Drop(datagram, Dhcp6Drop.UnicastNotAllowed, message.Type);
        return false;
    }

    // Sections 18.3.3 and 18.3.6.
    private void AnswerWithoutBinding(Dhcp6Exchange exchange, Dhcp6Message message)
    {
        var answer = message.Type == MessageType.Confirm
            ? Confirmation.AnswerTo(message, exchange.Link)
            : new Answer { Type = MessageType.Reply, WithOptions = true, Reservation = exchange.Reservation, Classes = exchange.Classes };
        if (answer is null)
        {
            Drop(exchange.Datagram, Dhcp6Drop.NothingToAnswer, message.Type);
            return;
        }

        exchange.Send(answer);
        exchange.Datagram.Release();
    }

    private void WarnOfSubnet(Datagram datagram, in RelayChain chain)
    {
        if (!logger.IsEnabled(LogLevel.Warning))
            return;
        var detail = chain.Hops == 0 ? "direct" : $"relayed, link-address {chain.Hop(datagram.Data, chain.Hops - 1).LinkAddress}";
        logger.NoSubnet(new Ipv6Address(datagram.Source.Address), datagram.Channel.InterfaceName, detail);
    }

    private void Drop<T>(Datagram datagram, Dhcp6Drop reason, T detail)
    {
        counters.CountDrop(reason);
        if (logger.IsEnabled(LogLevel.Debug))
            logger.PacketDropped(reason, new Ipv6Address(datagram.Source.Address), datagram.Channel.InterfaceName, $"{detail}");
        datagram.Release();
    }

    private static Dhcp6Drop DropOf(Validity validity) => validity switch
    {
        Validity.NoClientId => Dhcp6Drop.NoClientId,
        Validity.NoServerId => Dhcp6Drop.NoServerId,
        Validity.UnexpectedServerId => Dhcp6Drop.UnexpectedServerId,
        Validity.OtherServer => Dhcp6Drop.OtherServer,
        Validity.UnexpectedIa => Dhcp6Drop.UnexpectedIa,
        Validity.DuplicateId => Dhcp6Drop.DuplicateId,
        _ => Dhcp6Drop.NotForServers,
    };
}

using Lease.Actors.Bindings;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Kernel.IO;
using Lease.Kernel.Sharding;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp4;

/// <summary>From where a message came that another program's DHCPv6 server handed over.</summary>
/// <param name="Interface">Name of the interface that received it.</param>
/// <param name="Peer">Who sent it there.</param>
/// <param name="Port">From which UDP port.</param>
public sealed record ForwardedFrom(string Interface, Ipv6Address Peer, ushort Port);

/// <summary>A DHCPv4 client's message within a DHCPV4-QUERY, on its way to its binding.</summary>
public sealed class Dhcp4Exchange : ClientExchange
{
    private readonly int start;
    private readonly int length;

    /// <summary>Makes it of a datagram that the intake has checked.</summary>
    /// <param name="datagram">The packet.</param>
    /// <param name="chain">The DHCPv6 relays.</param>
    /// <param name="message">Where the DHCPv4 message stands in the packet.</param>
    /// <param name="settings">The configuration under which it is answered.</param>
    /// <param name="link">The client's link.</param>
    /// <param name="subnet">The subnet found for it.</param>
    /// <param name="key">The binding's key.</param>
    /// <param name="classes">The client's classes; null when the configuration names none.</param>
    /// <param name="origin">Set when another program handed it over.</param>
    /// <param name="counters">Where its fate is counted.</param>
    public Dhcp4Exchange(
        Datagram datagram,
        in RelayChain chain,
        Range message,
        Dhcp4Settings settings,
        Link link,
        Dhcp4Subnet subnet,
        EntityKey key,
        AssignedClasses? classes,
        ForwardedFrom? origin,
        Dhcp4Counters counters)
        : base(datagram, chain, settings.Configuration, link, subnet, key, classes)
    {
        (start, length) = message.GetOffsetAndLength(datagram.Length);
        Settings = settings;
        Origin = origin;
        Counters = counters;
    }

    /// <summary>The configuration under which it is answered.</summary>
    public Dhcp4Settings Settings { get; }

    /// <summary>Set when another program's DHCPv6 server handed it over.</summary>
    public ForwardedFrom? Origin { get; }

    /// <summary>Where its fate is counted.</summary>
    public Dhcp4Counters Counters { get; }

    /// <summary>The client's DHCPv4 message.</summary>
    public Dhcp4Message Message => Dhcp4Message.FromChecked(Datagram.Data.Slice(start, length));

    /// <summary>The DHCPV4-QUERY around it.</summary>
    public Dhcp6Message Query => Dhcp6Message.FromChecked(Chain.Message(Datagram.Data));

    /// <inheritdoc/>
    public override long Transaction => ((long)Message.Type << 32) | Message.TransactionId;

    /// <inheritdoc/>
    public override string MessageName => "DHCPv4 " + Message.Type;

    /// <inheritdoc/>
    public override void CountUnanswered(Unanswered reason) => Counters.CountDrop(reason switch
    {
        Unanswered.Overload => Dhcp4Drop.Overload,
        Unanswered.NotCommitted => Dhcp4Drop.NotCommitted,
        _ => Dhcp4Drop.ServiceInterrupted,
    });

    /// <inheritdoc/>
    internal override PacketView View => ViewOf(Datagram, Chain, Datagram.Data.Slice(start, length), Origin);

    /// <summary>What the expressions of classes look at: interface and sender are those of the DHCPv6 packet.</summary>
    internal static PacketView ViewOf(Datagram datagram, in RelayChain chain, ReadOnlySpan<byte> message, ForwardedFrom? origin)
        => new(datagram.Data, chain, origin?.Interface ?? datagram.Channel.InterfaceName, origin?.Peer ?? new Ipv6Address(datagram.Source.Address), message);

    /// <summary>Sends an answer, with the options of the classes that its lease requires.</summary>
    internal void Send(Dhcp4Answer answer)
    {
        if (Classes is not null && answer.Type != Dhcp4MessageType.Nak)
        {
            AddRequired(answer.Subnet.RequiredClasses);
            AddRequired(answer.Pool?.RequiredClasses ?? []);
        }

        Dhcp4ReplySender.Send(this, answer);
    }

    /// <inheritdoc/>
    protected override Reservation? FindReservation()
    {
        var message = Message;
        message.Options.TryGet(Dhcp4OptionCode.ClientId, out var clientId);
        ClientIdentifier.TryGetDuid(clientId, out var duid);
        var circuitId = default(ReadOnlySpan<byte>);
        if (message.Options.TryGet(Dhcp4OptionCode.RelayAgentInformation, out var relay))
            new SubOptionList(relay).TryGet(RelayAgentSubOption.CircuitId, out circuitId);
        var client = new ClientIdentifiers { Duid = duid, HardwareAddress = message.HardwareAddress, ClientId = clientId, CircuitId = circuitId };
        return ReservationLookup.Find(Configuration, Link, Subnet, Classes, client);
    }

    /// <inheritdoc/>
    internal override LeasePlanner NewPlanner(in PlanningContext context) => new Dhcp4Planner(this, context);
}

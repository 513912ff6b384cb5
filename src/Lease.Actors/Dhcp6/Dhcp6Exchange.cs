using Lease.Actors.Bindings;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Kernel.IO;
using Lease.Kernel.Sharding;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp6;

/// <summary>A DHCPv6 client's message on its way to its binding.</summary>
public sealed class Dhcp6Exchange(
    Datagram datagram, in RelayChain chain, Dhcp6Settings settings, Link link, Subnet subnet, EntityKey key, AssignedClasses? classes, Dhcp6Counters counters)
    : ClientExchange(datagram, chain, settings.Configuration, link, subnet, key, classes)
{
    /// <summary>The configuration under which it is answered.</summary>
    public Dhcp6Settings Settings { get; } = settings;

    /// <summary>Where its fate is counted.</summary>
    public Dhcp6Counters Counters { get; } = counters;

    /// <summary>The client's message.</summary>
    public Dhcp6Message Message => Dhcp6Message.FromChecked(Chain.Message(Datagram.Data));

    /// <inheritdoc/>
    public override long Transaction => ((long)Message.Type << 32) | Message.TransactionId;

    /// <inheritdoc/>
    public override string MessageName => Message.Type.ToString();

    /// <inheritdoc/>
    public override void CountUnanswered(Unanswered reason) => Counters.CountDrop(reason switch
    {
        Unanswered.Overload => Dhcp6Drop.Overload,
        Unanswered.NotCommitted => Dhcp6Drop.NotCommitted,
        _ => Dhcp6Drop.ServiceInterrupted,
    });

    /// <inheritdoc/>
    internal override PacketView View => new(Datagram.Data, Chain, Datagram.Channel.InterfaceName, new Ipv6Address(Datagram.Source.Address));

    /// <summary>Sends an answer, with the options of the classes that its leases require.</summary>
    internal void Send(Answer answer)
    {
        if (Classes is not null && answer.WithOptions)
            AddRequired(answer);
        ReplySender.Send(Datagram, Chain, Settings, Subnet, answer, Counters);
    }

    /// <inheritdoc/>
    protected override Reservation? FindReservation()
    {
        if (!Message.Options.TryGet(OptionCode.ClientId, out var duid))
            return null;
        return ReservationLookup.Find(Configuration, Link, Subnet, Classes, new ClientIdentifiers { Duid = duid, HardwareAddress = HardwareAddressOf(duid) });
    }

    /// <inheritdoc/>
    internal override LeasePlanner NewPlanner(in PlanningContext context) => new Dhcp6Planner(this, context);

    // In Kea's order: the network's, the subnet's, those of the pools.
    private void AddRequired(Answer answer)
    {
        if (answer.Ias.Count == 0)
            AddRequired(Subnet.RequiredClasses);
        foreach (var ia in answer.Ias)
            AddRequired((ia.Subnet ?? Subnet).RequiredClasses);
        foreach (var ia in answer.Ias)
        {
            foreach (var lease in ia.Leases)
            {
                if (lease.Pool is { } pool)
                    AddRequired(pool.RequiredClasses);
            }
        }
    }

    // From its nearest relay (RFC 6939), else from its DUID; empty when unknown.
    private ReadOnlySpan<byte> HardwareAddressOf(ReadOnlySpan<byte> duid)
    {
        var typed = RelayRecord.LinkLayerOf(this);
        if (typed.Length > 2)
            return typed[2..];
        return Duid.TryGetLinkLayer(duid, out _, out var address) ? address : default;
    }
}

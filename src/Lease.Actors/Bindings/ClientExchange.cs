using System.Collections.Immutable;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Bindings;

/// <summary>
/// A client's message on its way to its binding. Sender: an intake; receiver: the binding actor, which releases it. May be lost: clients retransmit.
/// </summary>
public abstract class ClientExchange : IDroppable
{
    private readonly RelayChain chain;
    private Reservation? reservation;
    private bool hasLooked;

    /// <summary>Makes it of a datagram that the intake has checked.</summary>
    protected ClientExchange(Datagram datagram, in RelayChain chain, ServiceConfiguration configuration, Link link, Subnet subnet, EntityKey key, AssignedClasses? classes)
    {
        Datagram = datagram;
        this.chain = chain;
        Configuration = configuration;
        Link = link;
        Subnet = subnet;
        Key = key;
        Classes = classes;
    }

    /// <summary>The packet.</summary>
    public Datagram Datagram { get; }

    /// <summary>The relays.</summary>
    public ref readonly RelayChain Chain => ref chain;

    /// <summary>The configuration under which it is answered.</summary>
    public ServiceConfiguration Configuration { get; }

    /// <summary>The client's link.</summary>
    public Link Link { get; }

    /// <summary>The subnet found for it, the first to allocate from.</summary>
    public Subnet Subnet { get; }

    /// <summary>The binding's key.</summary>
    public EntityKey Key { get; }

    /// <summary>The client's classes; null when the configuration names none.</summary>
    public AssignedClasses? Classes { get; }

    /// <summary>The message's type and the client's transaction-id: the same in every copy of a message.</summary>
    public abstract long Transaction { get; }

    /// <summary>Name of the message, for logs.</summary>
    public abstract string MessageName { get; }

    /// <summary>The subnets to allocate from, the selected one first.</summary>
    public ImmutableArray<Subnet> SubnetsInOrder()
        => Link.Subnets.Length == 1 ? Link.Subnets : [Subnet, .. Link.Subnets.Where(s => s != Subnet)];

    /// <summary>The client's reservation; null for none.</summary>
    internal Reservation? Reservation
    {
        get
        {
            if (!hasLooked)
                reservation = FindReservation();
            hasLooked = true;
            return reservation;
        }
    }

    /// <summary>What the expressions of classes look at.</summary>
    internal abstract PacketView View { get; }

    /// <summary>Finds the classes that depend on the reservation.</summary>
    /// <returns>False when the message is to be dropped.</returns>
    internal bool TryClassify(ILogger logger)
    {
        if (Classes is null || Configuration.Classifier is not { } classifier)
            return true;
        classifier.AddReserved(View, Classes, Reservation);
        if (logger.IsEnabled(LogLevel.Debug))
            logger.Classified(Link.Name, BindingKey.ClientTextOf(Key.Bytes), MessageName, Classes);
        return !classifier.Drops(Classes);
    }

    /// <summary>Finds the classes that a network, a subnet or a pool requires, for its options.</summary>
    internal void AddRequired(ImmutableArray<ClientClass> required)
    {
        if (Classes is not null && Configuration.Classifier is { } classifier && !required.IsEmpty)
            classifier.AddRequired(View, Classes, required);
    }

    /// <summary>The lifetimes for the client on a subnet.</summary>
    internal Lifetimes LifetimesOn(Subnet subnet) => Classes is null ? subnet.Lifetimes : Classes.Over(subnet.Lifetimes);

    /// <summary>The first of them that an address lies in; null for none.</summary>
    public Subnet? SubnetOf(LeaseKey key)
    {
        foreach (var subnet in SubnetsInOrder())
        {
            if (subnet.Prefix.Contains(new Ipv6Address(key.Address)))
                return subnet;
        }

        return null;
    }

    /// <summary>Counts that it was not answered.</summary>
    public abstract void CountUnanswered(Unanswered reason);

    /// <inheritdoc/>
    public void OnDropped(DropReason reason)
    {
        CountUnanswered(reason is DropReason.MailboxFull or DropReason.StashFull ? Unanswered.Overload : Unanswered.ServiceInterrupted);
        Datagram.Release();
    }

    /// <summary>Finds the client's reservation.</summary>
    protected abstract Reservation? FindReservation();

    /// <summary>Makes the planner that decides what it does.</summary>
    internal abstract LeasePlanner NewPlanner(in PlanningContext context);
}

/// <summary>Why a message that reached its binding got no answer.</summary>
public enum Unanswered
{
    /// <summary>A queue was full.</summary>
    Overload,

    /// <summary>The binding's actor failed or its shard was not served.</summary>
    ServiceInterrupted,

    /// <summary>The commit failed: no answer without a commit.</summary>
    NotCommitted,
}

/// <summary>
/// Tells a binding that a lease or a probation may have ended. Sender: the expiry scanner, which sends it again when it is lost, or
/// <see cref="DeclinedLimit"/>.
/// </summary>
/// <param name="Key">The binding.</param>
/// <param name="Configuration">The configuration in force.</param>
/// <param name="Returned">A declined address whose probation ends early; null for none.</param>
public sealed record ExpireBinding(EntityKey Key, ServiceConfiguration Configuration, LeaseKey? Returned = null);

/// <summary>Finds the binding that a message is for.</summary>
public sealed class BindingExtractor : IMessageExtractor
{
    /// <inheritdoc/>
    public EntityKey? EntityKeyOf(object message) => message switch
    {
        ClientExchange exchange => exchange.Key,
        ExpireBinding expire => expire.Key,
        _ => null,
    };
}

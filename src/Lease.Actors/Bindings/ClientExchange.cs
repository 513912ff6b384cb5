using System.Collections.Immutable;
using Lease.Actors.Configuration;
using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Bindings;

/// <summary>
/// A client's message on its way to its binding. Sender: an intake; receiver: the binding actor, which releases it. May be lost: clients retransmit.
/// </summary>
public abstract class ClientExchange : IDroppable
{
    private readonly RelayChain chain;

    /// <summary>Makes it of a datagram that the intake has checked.</summary>
    protected ClientExchange(Datagram datagram, in RelayChain chain, ServiceConfiguration configuration, Link link, Subnet subnet, EntityKey key)
    {
        Datagram = datagram;
        this.chain = chain;
        Configuration = configuration;
        Link = link;
        Subnet = subnet;
        Key = key;
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

    /// <summary>The message's type and the client's transaction-id: the same in every copy of a message.</summary>
    public abstract long Transaction { get; }

    /// <summary>Name of the message, for logs.</summary>
    public abstract string MessageName { get; }

    /// <summary>The subnets to allocate from, the selected one first.</summary>
    public ImmutableArray<Subnet> SubnetsInOrder()
        => Link.Subnets.Length == 1 ? Link.Subnets : [Subnet, .. Link.Subnets.Where(s => s != Subnet)];

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

/// <summary>Tells a binding that a lease or a probation may have ended. Sender: the expiry scanner; sent again when it is lost.</summary>
/// <param name="Key">The binding.</param>
/// <param name="Configuration">The configuration in force.</param>
public sealed record ExpireBinding(EntityKey Key, ServiceConfiguration Configuration);

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

using Lease.Actors.Configuration;
using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Kernel.Sharding;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp6;

/// <summary>
/// A client's message on its way to its binding. Sender: the intake; receiver: the binding actor, which releases it. May be lost: clients retransmit.
/// </summary>
public sealed class ClientExchange : IDroppable
{
    private readonly RelayChain chain;

    /// <summary>Makes it of a datagram that the intake has checked.</summary>
    public ClientExchange(Datagram datagram, in RelayChain chain, Dhcp6Settings settings, Link link, Subnet subnet, EntityKey key, Dhcp6Counters counters)
    {
        Datagram = datagram;
        this.chain = chain;
        Settings = settings;
        Link = link;
        Subnet = subnet;
        Key = key;
        Counters = counters;
    }

    /// <summary>The packet.</summary>
    public Datagram Datagram { get; }

    /// <summary>The configuration under which it is answered.</summary>
    public Dhcp6Settings Settings { get; }

    /// <summary>The client's link.</summary>
    public Link Link { get; }

    /// <summary>The subnet found for it, the first to allocate from.</summary>
    public Subnet Subnet { get; }

    /// <summary>The binding's key.</summary>
    public EntityKey Key { get; }

    /// <summary>The subnets to allocate from, the selected one first.</summary>
    public IReadOnlyList<Subnet> SubnetsInOrder()
        => Link.Subnets.Count == 1 ? Link.Subnets : [Subnet, .. Link.Subnets.Where(s => s != Subnet)];

    /// <summary>Where its fate is counted.</summary>
    public Dhcp6Counters Counters { get; }

    /// <summary>The relays.</summary>
    public ref readonly RelayChain Chain => ref chain;

    /// <summary>The client's message.</summary>
    public Dhcp6Message Message => Dhcp6Message.FromChecked(chain.Message(Datagram.Data));

    /// <inheritdoc/>
    public void OnDropped(DropReason reason)
    {
        Counters.CountDrop(reason == DropReason.MailboxFull || reason == DropReason.StashFull ? Dhcp6Drop.Overload : Dhcp6Drop.ServiceInterrupted);
        Datagram.Release();
    }
}

/// <summary>Tells a binding that a lease or a probation may have ended. Sender: the expiry scanner; sent again when it is lost.</summary>
/// <param name="Key">The binding.</param>
/// <param name="Settings">The configuration in force.</param>
public sealed record ExpireBinding(EntityKey Key, Dhcp6Settings Settings);

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

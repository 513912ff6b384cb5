namespace Lease.Kernel.Actors;

/// <summary>How to make an actor. Immutable; Akka.NET's Props with a factory in the place of reflection.</summary>
public sealed class Props
{
    private readonly Func<ActorBase> factory;

    private Props(Func<ActorBase> factory) => this.factory = factory;

    /// <summary>Upper bound of the mailbox, in messages; 0: unbounded. A full mailbox drops what comes and counts it.</summary>
    public int MailboxCapacity { get; private init; }

    /// <summary>Actors of the same affinity run on the same thread; null: as the parent's.</summary>
    public int? Affinity { get; private init; }

    /// <summary>Props whose actor is made by <paramref name="factory"/>, again for each restart.</summary>
    public static Props Create(Func<ActorBase> factory) => new(factory);

    /// <summary>The same with a bounded mailbox.</summary>
    public Props WithMailboxCapacity(int capacity) => new(factory) { MailboxCapacity = capacity, Affinity = Affinity };

    /// <summary>The same with an affinity.</summary>
    public Props WithAffinity(int affinity) => new(factory) { MailboxCapacity = MailboxCapacity, Affinity = affinity };

    internal ActorBase NewActor() => factory();
}

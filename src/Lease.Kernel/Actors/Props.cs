namespace Lease.Kernel.Actors;

/// <summary>How to make an actor. Immutable; Akka.NET's Props with a factory in the place of reflection.</summary>
public sealed class Props
{
    private readonly Func<object, ActorBase> factory;
    private readonly object argument;

    private Props(Func<object, ActorBase> factory, object argument)
    {
        this.factory = factory;
        this.argument = argument;
    }

    /// <summary>Upper bound of the mailbox, in messages; 0: unbounded. A full mailbox drops what comes and counts it.</summary>
    public int MailboxCapacity { get; private init; }

    /// <summary>Actors of the same affinity run on the same thread; null: as the parent's.</summary>
    public int? Affinity { get; private init; }

    /// <summary>Props whose actor is made by <paramref name="factory"/>, again for each restart.</summary>
    public static Props Create(Func<ActorBase> factory) => new(static made => ((Func<ActorBase>)made)(), factory);

    /// <summary>The same with what the factory is given: where one factory makes many actors, so that none of them needs a closure.</summary>
    public static Props Create(Func<object, ActorBase> factory, object argument) => new(factory, argument);

    /// <summary>The same with a bounded mailbox.</summary>
    public Props WithMailboxCapacity(int capacity) => new(factory, argument) { MailboxCapacity = capacity, Affinity = Affinity };

    /// <summary>The same with an affinity.</summary>
    public Props WithAffinity(int affinity) => new(factory, argument) { MailboxCapacity = MailboxCapacity, Affinity = affinity };

    internal ActorBase NewActor() => factory(argument);
}

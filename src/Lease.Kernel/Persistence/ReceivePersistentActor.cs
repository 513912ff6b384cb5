using Lease.Kernel.Actors;
using Lease.Kernel.Sharding;

namespace Lease.Kernel.Persistence;

/// <summary>A persistent actor that registers a handler for each type of command in its constructor. Where speed matters take <see cref="UntypedPersistentActor"/>.</summary>
public abstract class ReceivePersistentActor : UntypedPersistentActor
{
    private readonly Behaviour commands = new();
    private Action<BindingLoaded>? recover;

    /// <summary>Makes the actor of <paramref name="key"/> in the shard of <paramref name="shard"/>.</summary>
    protected ReceivePersistentActor(EntityKey key, ShardContext shard, IJournal journal, IBindingStore store)
        : base(key, shard, journal, store)
    {
    }

    /// <summary>Takes the stored state, once, before the first command. Akka.NET: <c>Recover&lt;SnapshotOffer&gt;</c>.</summary>
    protected void Recover(Action<BindingLoaded> handler) => recover = handler;

    /// <summary>Handles commands of <typeparamref name="T"/> with <paramref name="handler"/>, where <paramref name="when"/> (if given) holds. Handlers are tried in their order.</summary>
    protected void Command<T>(Action<T> handler, Predicate<T>? when = null) => commands.Add(handler, when);

    /// <summary>Handles every command that no handler before it takes.</summary>
    protected void CommandAny(Action<object> handler) => commands.Add(handler);

    /// <inheritdoc/>
    protected sealed override void OnRecover(BindingLoaded loaded) => recover?.Invoke(loaded);

    /// <inheritdoc/>
    protected sealed override void OnCommand(object message)
    {
        if (!commands.Handle(message))
            Unhandled(message);
    }
}

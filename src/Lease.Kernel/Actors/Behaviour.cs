namespace Lease.Kernel.Actors;

/// <summary>Handlers in the order of their registration; the first that takes a message ends the search.</summary>
internal sealed class Behaviour
{
    private readonly List<Func<object, bool>> handlers = [];

    public void Add<T>(Action<T> handler, Predicate<T>? when = null)
        => handlers.Add(message =>
        {
            if (message is not T typed || (when is not null && !when(typed)))
                return false;
            handler(typed);
            return true;
        });

    public bool Handle(object message)
    {
        foreach (var handler in handlers)
        {
            if (handler(message))
                return true;
        }

        return false;
    }
}

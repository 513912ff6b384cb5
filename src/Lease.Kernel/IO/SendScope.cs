namespace Lease.Kernel.IO;

/// <summary>
/// A stretch of a thread's work in which several things are sent, as a pass over the actors that are runnable: what is sent may wait for its end, which is milliseconds away at most, to leave together.
/// </summary>
public static class SendScope
{
    [ThreadStatic]
    private static bool isOpen;

    [ThreadStatic]
    private static List<IDeferredSend>? deferred;

    /// <summary>Whether this thread is in one.</summary>
    public static bool IsOpen => isOpen;

    /// <summary>Opens one on this thread. They do not nest: the first <see cref="End"/> ends it.</summary>
    public static void Begin() => isOpen = true;

    /// <summary>Ends it, and sends what waits.</summary>
    public static void End()
    {
        isOpen = false;
        if (deferred is not { Count: > 0 } sends)
            return;
        for (var i = 0; i < sends.Count; i++)
            sends[i].Send();
        sends.Clear();
    }

    /// <summary>Has <paramref name="send"/> called once, on this thread, when its scope ends.</summary>
    /// <exception cref="InvalidOperationException">It is in none.</exception>
    public static void Defer(IDeferredSend send)
    {
        if (!isOpen)
            throw new InvalidOperationException("this thread is in no scope");
        (deferred ??= []).Add(send);
    }
}

/// <summary>Something that is to be sent when a <see cref="SendScope"/> ends.</summary>
public interface IDeferredSend
{
    /// <summary>Sends it; must not throw.</summary>
    void Send();
}

namespace Lease.Kernel.IO;

/// <summary>
/// Bounds the memory of the datagrams that have been received and not yet been dealt with, wherever they wait. Each queue has a bound of its own, but there are as many queues as there
/// are clients. What would wait longer than this is of no use either: its client has sent it again meanwhile.
/// </summary>
/// <param name="limit">Octets, with <see cref="Overhead"/> for each datagram.</param>
public sealed class DatagramBudget(long limit)
{
    /// <summary>Octets that a datagram costs beside its own: what was made of it while it waits.</summary>
    public const int Overhead = 1024;

    private long held;

    /// <summary>Octets in use; zero when nothing waits.</summary>
    public long Held => Interlocked.Read(ref held);

    /// <summary>Takes room for a datagram of <paramref name="length"/> octets.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryTake(int length)
    {
        if (Interlocked.Add(ref held, length + Overhead) <= limit)
            return true;
        Return(length);
        return false;
    }

    /// <summary>Gives the room of a datagram of <paramref name="length"/> octets back.</summary>
    public void Return(int length) => Interlocked.Add(ref held, -(length + Overhead));
}

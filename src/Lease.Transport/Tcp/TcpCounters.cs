namespace Lease.Transport.Tcp;

/// <summary>What the connections did; each counter only grows, and may be read from any thread.</summary>
public sealed class TcpCounters
{
    private long accepted;
    private long refused;
    private long failed;
    private long frames;
    private long octetsSent;

    /// <summary>Connections accepted.</summary>
    public long Accepted => Interlocked.Read(ref accepted);

    /// <summary>Connections closed at once because nobody wanted them.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>Connections that ended with an error.</summary>
    public long Failed => Interlocked.Read(ref failed);

    /// <summary>Messages received.</summary>
    public long Frames => Interlocked.Read(ref frames);

    /// <summary>Octets that the system took.</summary>
    public long OctetsSent => Interlocked.Read(ref octetsSent);

    internal void CountAccepted() => Interlocked.Increment(ref accepted);

    internal void CountRefused() => Interlocked.Increment(ref refused);

    internal void CountFailed() => Interlocked.Increment(ref failed);

    internal void CountFrame() => Interlocked.Increment(ref frames);

    internal void CountSent(int octets) => Interlocked.Add(ref octetsSent, octets);
}

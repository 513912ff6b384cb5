namespace Lease.Transport.Udp;

/// <summary>What the sockets did; each counter only grows, and may be read from any thread.</summary>
public sealed class UdpCounters
{
    private long received;
    private long sent;
    private long sendErrors;
    private long receiveErrors;
    private long overload;

    /// <summary>Datagrams received.</summary>
    public long Received => Interlocked.Read(ref received);

    /// <summary>Datagrams that the system took.</summary>
    public long Sent => Interlocked.Read(ref sent);

    /// <summary>Datagrams that the system refused.</summary>
    public long SendErrors => Interlocked.Read(ref sendErrors);

    /// <summary>Failed receive calls.</summary>
    public long ReceiveErrors => Interlocked.Read(ref receiveErrors);

    /// <summary>Datagrams dropped because too many waited already.</summary>
    public long Overload => Interlocked.Read(ref overload);

    internal void CountReceived() => Interlocked.Increment(ref received);

    internal void CountSent(int datagrams) => Interlocked.Add(ref sent, datagrams);

    internal void CountSendError() => Interlocked.Increment(ref sendErrors);

    internal void CountOverload() => Interlocked.Increment(ref overload);

    internal void CountReceiveError() => Interlocked.Increment(ref receiveErrors);
}

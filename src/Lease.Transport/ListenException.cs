namespace Lease.Transport;

/// <summary>It cannot be listened as configured: the message says interface, address, port, and what to do.</summary>
public sealed class ListenException : IOException
{
    /// <summary>Makes it.</summary>
    public ListenException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

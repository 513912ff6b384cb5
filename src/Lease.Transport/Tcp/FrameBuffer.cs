using Lease.Protocol.Dhcp6;

namespace Lease.Transport.Tcp;

/// <summary>What has been received of messages that were not taken yet. It is small while nothing is under way.</summary>
internal sealed class FrameBuffer
{
    private const int InitialSize = 512;

    private byte[] octets = new byte[InitialSize];
    private int length;

    /// <summary>Whether there is not even a part of a message.</summary>
    public bool IsEmpty => length == 0;

    /// <summary>Where more is to be received; never empty.</summary>
    public Memory<byte> Free()
    {
        if (length == octets.Length)
            Array.Resize(ref octets, Math.Min(octets.Length * 4, TcpFraming.HeaderSize + TcpFraming.MaxMessage));
        return octets.AsMemory(length);
    }

    /// <summary>Takes over what was received into <see cref="Free"/>.</summary>
    public void Commit(int received) => length += received;

    /// <summary>Takes the first message, a copy of its own, without its size; null while it is not whole.</summary>
    public byte[]? Take()
    {
        if (!TcpFraming.TryTake(octets.AsSpan(0, length), out var message, out var consumed))
            return null;
        var frame = message.ToArray();
        octets.AsSpan(consumed, length - consumed).CopyTo(octets);
        length -= consumed;
        if (length == 0 && octets.Length > InitialSize)
            octets = new byte[InitialSize];
        return frame;
    }
}

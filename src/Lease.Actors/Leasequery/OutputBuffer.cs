using System.Buffers;
using Lease.Kernel.IO;

namespace Lease.Actors.Leasequery;

/// <summary>
/// What goes out on a connection: one buffer that the system is taking, and one that is being filled meanwhile; both are only held while there is something in them.
/// </summary>
/// <param name="connection">Where it goes.</param>
internal sealed class OutputBuffer(IFrameConnection connection)
{
    /// <summary>Octets of a buffer.</summary>
    public const int Size = 128 << 10;

    // Kept free of data, so that short messages (a status, an end) always find room.
    private const int Reserve = 8 << 10;

    // What an active requestor is told while little happens. It leaves in an array of its size: a thousand such must not hold a buffer each.
    private const int Short = 4 << 10;

    private byte[]? filling;
    private byte[]? sending;

    /// <summary>Whether the system has not taken all of the last write yet.</summary>
    public bool IsSending => sending is not null;

    /// <summary>Octets that wait.</summary>
    public int Waiting { get; private set; }

    /// <summary>Octets of data that have room.</summary>
    public int Room => Size - Reserve - Waiting;

    /// <summary>The free part of the buffer for data; what was written there is taken with <see cref="Commit"/>.</summary>
    public Span<byte> ForData() => Free(Reserve);

    /// <summary>The same for a short message.</summary>
    public Span<byte> ForStatus() => Free(0);

    /// <summary>Takes octets that were written into the free part.</summary>
    public void Commit(int octets)
    {
        Waiting += octets;
        if (Waiting == 0)
            Return(ref filling);
    }

    /// <summary>Gives what waits to the connection, unless it is sending.</summary>
    /// <returns>Whether a write began.</returns>
    public bool TrySend()
    {
        if (sending is not null || Waiting == 0)
            return false;
        var octets = Waiting;
        Waiting = 0;
        sending = TakeFilled(octets);
        connection.Write(sending.AsMemory(0, octets));
        return true;
    }

    /// <summary>The system took the last write.</summary>
    public void OnWritten() => Return(ref sending);

    /// <summary>Gives the waiting buffer back; one that the connection still has is left to the collector.</summary>
    public void Release()
    {
        Waiting = 0;
        Return(ref filling);
        sending = null;
    }

    private byte[] TakeFilled(int octets)
    {
        var taken = filling!;
        if (octets <= Short)
        {
            taken = ArrayPool<byte>.Shared.Rent(octets);
            filling.AsSpan(0, octets).CopyTo(taken);
            Return(ref filling);
        }

        filling = null;
        return taken;
    }

    private Span<byte> Free(int reserve)
    {
        filling ??= ArrayPool<byte>.Shared.Rent(Size);
        var room = Size - reserve - Waiting;
        return room <= 0 ? default : filling.AsSpan(Waiting, room);
    }

    private static void Return(ref byte[]? buffer)
    {
        if (buffer is not null)
            ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
    }
}

using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Lease.Transport.Udp;

/// <summary>
/// Datagrams that one system call takes from a socket, with their senders (recvmmsg, Linux): the framework's calls are two for each datagram, one to take it and one to learn whether there
/// is another. For one thread.
/// </summary>
internal sealed unsafe partial class DatagramBatch : IDisposable
{
    /// <summary>Datagrams of one call.</summary>
    public const int Capacity = 32;

    private const int MaxDatagram = 65_535;

    // Waits for the first one only.
    private const int WaitForOne = 0x10000;

    // EINTR
    private const int Interrupted = 4;

    // The system gives memory for what is written to, so nearly nothing of this.
    private readonly byte* data = (byte*)NativeMemory.Alloc(Capacity * (nuint)MaxDatagram);
    private readonly byte* sources = (byte*)NativeMemory.AllocZeroed(Capacity * (nuint)SocketAddresses.Size);
    private readonly IoVector* vectors = (IoVector*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(IoVector));
    private readonly Message* messages = (Message*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(Message));

    public DatagramBatch()
    {
        for (var i = 0; i < Capacity; i++)
        {
            vectors[i] = new IoVector { Base = data + (i * MaxDatagram), Length = MaxDatagram };
            messages[i].Header.Name = sources + (i * SocketAddresses.Size);
            messages[i].Header.Vectors = vectors + i;
            messages[i].Header.VectorCount = 1;
        }
    }

    /// <summary>Waits for a datagram and takes it with those that have come meanwhile.</summary>
    /// <returns>Their number, up to <see cref="Capacity"/>; 0 when a signal came first.</returns>
    /// <exception cref="SocketException">The call failed: an ICMP error of an earlier send, or the socket was closed.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public int Receive(SafeSocketHandle socket)
    {
        for (var i = 0; i < Capacity; i++)
            messages[i].Header.NameLength = SocketAddresses.Size;
        var count = ReceiveMessages(socket, messages, Capacity, WaitForOne, timeout: 0);
        if (count >= 0)
            return count;
        return Marshal.GetLastPInvokeError() == Interrupted ? 0 : throw new SocketException();
    }

    /// <summary>The octets of datagram <paramref name="index"/>; valid until the next call of <see cref="Receive"/>.</summary>
    public ReadOnlySpan<byte> Data(int index) => new(data + (index * MaxDatagram), (int)messages[index].Length);

    /// <summary>Its sender's <c>sockaddr_in6</c>.</summary>
    public ReadOnlySpan<byte> Source(int index) => new(sources + (index * SocketAddresses.Size), SocketAddresses.Size);

    public void Dispose()
    {
        NativeMemory.Free(messages);
        NativeMemory.Free(vectors);
        NativeMemory.Free(sources);
        NativeMemory.Free(data);
    }

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    private static partial int ReceiveMessages(SafeSocketHandle socket, Message* messages, uint count, int flags, nint timeout);

    // struct mmsghdr
    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public MessageHeader Header;
        public uint Length;
    }
}

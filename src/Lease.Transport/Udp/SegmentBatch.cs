using System.Net.Sockets;
using System.Runtime.InteropServices;
using Lease.Kernel.IO;

namespace Lease.Transport.Udp;

/// <summary>
/// Datagrams of a <see cref="SendScope"/> that go to one destination and have one size leave with one system call, and go through the system as one until the interface or the receiver wants them
/// apart (UDP_SEGMENT, Linux 4.18): a third of the processor time. Not at moderate rates, since in a capture on this host those that left together may look like one. One for each thread.
/// </summary>
internal sealed unsafe partial class SegmentBatch : IDeferredSend
{
    // The system sends no segment in fragments; every path takes packets of 1,280 octets (RFC 8200 section 5), less the headers of IPv6 and UDP.
    private const int MaxSegment = 1280 - 40 - 8;

    // UDP_MAX_SEGMENTS
    private const int MaxSegments = 64;

    // The largest UDP payload over IPv6 is 65,527.
    private const int Capacity = 50 * MaxSegment;

    [ThreadStatic]
    private static SegmentBatch? ofThread;

    private readonly byte[] data = GC.AllocateUninitializedArray<byte>(Capacity, pinned: true);
    private bool awaitsEnd;
    private UdpChannel? channel;
    private UdpEndpoint destination;
    private int segment;
    private int length;
    private int count;

    public static SegmentBatch OfThread => ofThread ??= new SegmentBatch();

    /// <summary>Whether a datagram of this length may wait for the end of the scope.</summary>
    public static bool Takes(int datagramLength) => datagramLength is > 0 and <= MaxSegment;

    /// <summary>Sends a datagram at the end of the scope at the latest; copies it. In the order of the calls.</summary>
    public void Add(UdpChannel to, ReadOnlySpan<byte> datagram, in UdpEndpoint target)
    {
        if (count > 0 && (channel != to || destination != target || datagram.Length > segment || length + datagram.Length > Capacity))
            Flush();
        if (count == 0)
            Begin(to, datagram.Length, target);
        datagram.CopyTo(data.AsSpan(length));
        length += datagram.Length;
        count++;

        // Only the last one may be shorter.
        if (datagram.Length < segment || count == MaxSegments)
            Flush();
    }

    /// <summary>Sends what waits, in front of something that does not.</summary>
    public void Flush()
    {
        if (count == 0)
            return;
        channel!.Send(data.AsSpan(0, length), segment, destination);
        channel = null;
        length = 0;
        count = 0;
    }

    /// <inheritdoc/>
    public void Send()
    {
        awaitsEnd = false;
        Flush();
    }

    /// <summary>Sends datagrams of <paramref name="segment"/> octets, of which the last may be shorter, with one system call.</summary>
    /// <param name="socket">IPv6.</param>
    /// <param name="datagrams">One behind the other.</param>
    /// <param name="segment">Octets of each but the last.</param>
    /// <param name="destination">Where they all go.</param>
    /// <returns>The system's error number; 0: it took them.</returns>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public static int SendTogether(SafeSocketHandle socket, ReadOnlySpan<byte> datagrams, int segment, in UdpEndpoint destination)
    {
        var address = stackalloc byte[SocketAddresses.Size];
        SocketAddresses.Write(new Span<byte>(address, SocketAddresses.Size), destination);
        var control = new SegmentSize { Length = (nuint)sizeof(nuint) + 8 + sizeof(ushort), Level = 17, Type = 103, Octets = (ushort)segment };
        fixed (byte* octets = datagrams)
        {
            var vector = new IoVector { Base = octets, Length = (nuint)datagrams.Length };
            var header = new MessageHeader
            {
                Name = address,
                NameLength = SocketAddresses.Size,
                Vectors = &vector,
                VectorCount = 1,
                Control = &control,
                ControlLength = (nuint)sizeof(SegmentSize),
            };
            return SendMessage(socket, &header, 0) >= 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    private void Begin(UdpChannel to, int size, in UdpEndpoint target)
    {
        channel = to;
        destination = target;
        segment = size;
        if (!awaitsEnd)
            SendScope.Defer(this);
        awaitsEnd = true;
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, MessageHeader* message, int flags);

    // struct cmsghdr of level SOL_UDP and type UDP_SEGMENT with its content, padded as CMSG_SPACE does.
    [StructLayout(LayoutKind.Sequential)]
    private struct SegmentSize
    {
        public nuint Length;
        public int Level;
        public int Type;
        public ushort Octets;
        private readonly ushort padding1;
        private readonly uint padding2;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Lease.Kernel.IO;

namespace Lease.Transport.Udp;

/// <summary>
/// Reads and writes <c>sockaddr_in6</c>; in the framework's <see cref="SocketAddress"/> it spares each packet an <see cref="IPEndPoint"/>. Layout (Linux): family u16 in host
/// order, port u16, flow info u32, address 16, scope u32 in host order.
/// </summary>
internal static class SocketAddresses
{
    /// <summary>Octets of a <c>sockaddr_in6</c>.</summary>
    public const int Size = 28;

    // AF_INET6
    private const ushort InterNetworkV6 = 10;

    /// <summary>An address to be filled; for one thread.</summary>
    public static SocketAddress Make() => new(AddressFamily.InterNetworkV6, Size);

    public static void Set(SocketAddress address, in UdpEndpoint endpoint) => Write(address.Buffer.Span, endpoint);

    public static void Write(Span<byte> buffer, in UdpEndpoint endpoint)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(buffer, InterNetworkV6);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], endpoint.Port);
        buffer.Slice(4, 4).Clear();
        BinaryPrimitives.WriteUInt128BigEndian(buffer[8..], endpoint.Address);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer[24..], endpoint.Scope);
    }

    public static UdpEndpoint Get(ReadOnlySpan<byte> address) => new(
        BinaryPrimitives.ReadUInt128BigEndian(address[8..]),
        BinaryPrimitives.ReadUInt16BigEndian(address[2..]),
        BinaryPrimitives.ReadUInt32LittleEndian(address[24..]));
}

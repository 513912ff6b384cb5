using System.Buffers;
using System.Runtime.InteropServices;

namespace Lease.Kernel.IO;

/// <summary>The other side of a UDP exchange.</summary>
/// <param name="Address">IPv6 address as a number, first octet most significant.</param>
/// <param name="Port">UDP port.</param>
/// <param name="Scope">Interface index for link-local addresses, else 0.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct UdpEndpoint(UInt128 Address, ushort Port, uint Scope);

/// <summary>
/// A received datagram in a pooled buffer. Whoever holds it last calls <see cref="Release"/>, once; after that its octets belong to somebody else.
/// </summary>
public sealed class Datagram
{
    private readonly DatagramBudget? budget;
    private byte[]? buffer;

    /// <summary>Copies <paramref name="data"/> into a pooled buffer.</summary>
    /// <param name="data">The octets received.</param>
    /// <param name="source">Who sent it.</param>
    /// <param name="multicast">Whether it was sent to a multicast group.</param>
    /// <param name="channel">Where it came in.</param>
    /// <param name="receivedAt">Unix milliseconds.</param>
    /// <param name="budget">Has given room for it and gets that back on <see cref="Release"/>; null: it is not counted.</param>
    public Datagram(ReadOnlySpan<byte> data, UdpEndpoint source, bool multicast, IDatagramChannel channel, long receivedAt, DatagramBudget? budget = null)
    {
        this.budget = budget;
        buffer = ArrayPool<byte>.Shared.Rent(data.Length);
        data.CopyTo(buffer);
        Length = data.Length;
        Source = source;
        IsMulticast = multicast;
        Channel = channel;
        ReceivedAt = receivedAt;
    }

    /// <summary>The octets received.</summary>
    public ReadOnlySpan<byte> Data => buffer.AsSpan(0, Length);

    /// <summary>Number of octets received.</summary>
    public int Length { get; }

    /// <summary>Who sent it.</summary>
    public UdpEndpoint Source { get; }

    /// <summary>Whether it was sent to a multicast group (not to an address of this host).</summary>
    public bool IsMulticast { get; }

    /// <summary>Where it came in; replies leave there.</summary>
    public IDatagramChannel Channel { get; }

    /// <summary>Unix milliseconds.</summary>
    public long ReceivedAt { get; }

    /// <summary>Gives the buffer back. A second call does nothing.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref buffer, null) is not { } returned)
            return;
        ArrayPool<byte>.Shared.Return(returned);
        budget?.Return(Length);
    }
}

/// <summary>A bound UDP socket on one interface.</summary>
public interface IDatagramChannel
{
    /// <summary>Name of the interface, for subnet selection and logs.</summary>
    string InterfaceName { get; }

    /// <summary>Whether the socket is another node's, which sent the packet on: it is not sent on again.</summary>
    bool IsRemote => false;

    /// <summary>
    /// Sends now, on the caller's thread, or within a <see cref="SendScope"/> at its end at the latest; <paramref name="data"/> is free again when this returns. A send that the system
    /// refuses is counted and logged, not thrown.
    /// </summary>
    /// <returns>Whether it is on its way; false: the system refused it.</returns>
    bool Send(ReadOnlySpan<byte> data, in UdpEndpoint destination);
}

/// <summary>Takes datagrams from the receive threads.</summary>
public interface IDatagramHandler
{
    /// <summary>
    /// Called on the socket's receive thread, one datagram at a time for each socket; must not block and must not throw. The callee owns
    /// <paramref name="datagram"/> and releases it.
    /// </summary>
    void Handle(Datagram datagram);

    /// <summary>Called on the receive thread after the datagrams that came together.</summary>
    /// <param name="more">Whether more of them wait already.</param>
    void AfterReceive(bool more);
}

using Lease.Kernel.IO;

namespace Lease.Transport.Links;

/// <summary>A link that another node has opened: its packets come in by it, their replies leave by it.</summary>
public interface INodeLink
{
    /// <summary>Who is at the other end: its name and its address, for the log.</summary>
    string Peer { get; }

    /// <summary>Sends a reply; never blocks, and <paramref name="data"/> is free again when this returns.</summary>
    /// <param name="channel">As the packet said it.</param>
    /// <param name="destination">Where the other node is to send it.</param>
    /// <param name="data">The datagram.</param>
    /// <returns>False when the link is gone or its buffer is full: the reply is lost, and counted.</returns>
    bool TrySendReply(ushort channel, in UdpEndpoint destination, ReadOnlySpan<byte> data);
}

/// <summary>
/// Takes what comes in by the links. The calls for one link come one after the other, on a thread of the pool; they must not block and must not throw, and they do not dispose the
/// <see cref="NodeLinks"/>.
/// </summary>
public interface INodeLinkHandler
{
    /// <summary>Another node has sent a packet here.</summary>
    /// <param name="packet">Valid during the call.</param>
    /// <param name="from">Takes the replies, now and later.</param>
    void OnPacket(in ForwardedPacket packet, INodeLink from);

    /// <summary>The reply to a packet that this node has sent to another.</summary>
    /// <param name="reply">Valid during the call.</param>
    void OnReply(in ForwardedReply reply);
}

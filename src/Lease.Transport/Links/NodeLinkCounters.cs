namespace Lease.Transport.Links;

/// <summary>What the links did; each counter only grows, and may be read from any thread.</summary>
public sealed class NodeLinkCounters
{
    private long opened;
    private long failed;
    private long refused;
    private long malformed;
    private long stalled;
    private long unknown;
    private long packetsSent;
    private long packetsReceived;
    private long packetsDropped;
    private long repliesSent;
    private long repliesReceived;
    private long repliesDropped;

    /// <summary>Links that were open, in either direction.</summary>
    public long Opened => Interlocked.Read(ref opened);

    /// <summary>Attempts of this node to open a link that failed.</summary>
    public long Failed => Interlocked.Read(ref failed);

    /// <summary>Connections to this node that did not become links: no handshake, no good certificate, another version, another cluster, meant for another node, or too many.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>Links closed because of a frame that cannot be.</summary>
    public long Malformed => Interlocked.Read(ref malformed);

    /// <summary>Links closed because the other node did not read.</summary>
    public long Stalled => Interlocked.Read(ref stalled);

    /// <summary>Frames passed over, because only a newer version knows what they are.</summary>
    public long Unknown => Interlocked.Read(ref unknown);

    /// <summary>Packets that a link took. What it had not written when it ended is lost.</summary>
    public long PacketsSent => Interlocked.Read(ref packetsSent);

    /// <summary>Packets that came from other nodes.</summary>
    public long PacketsReceived => Interlocked.Read(ref packetsReceived);

    /// <summary>Packets that no link took: none could be opened, or its buffer was full.</summary>
    public long PacketsDropped => Interlocked.Read(ref packetsDropped);

    /// <summary>Replies that a link took. What it had not written when it ended is lost.</summary>
    public long RepliesSent => Interlocked.Read(ref repliesSent);

    /// <summary>Replies that came from other nodes.</summary>
    public long RepliesReceived => Interlocked.Read(ref repliesReceived);

    /// <summary>Replies whose link was gone or its buffer full.</summary>
    public long RepliesDropped => Interlocked.Read(ref repliesDropped);

    internal void CountOpened() => Interlocked.Increment(ref opened);

    internal void CountFailed() => Interlocked.Increment(ref failed);

    internal void CountRefused() => Interlocked.Increment(ref refused);

    internal void CountMalformed() => Interlocked.Increment(ref malformed);

    internal void CountStalled() => Interlocked.Increment(ref stalled);

    internal void CountUnknown() => Interlocked.Increment(ref unknown);

    internal void CountPacket(bool sent) => Interlocked.Increment(ref sent ? ref packetsSent : ref packetsDropped);

    internal void CountPacketReceived() => Interlocked.Increment(ref packetsReceived);

    internal void CountReply(bool sent) => Interlocked.Increment(ref sent ? ref repliesSent : ref repliesDropped);

    internal void CountReplyReceived() => Interlocked.Increment(ref repliesReceived);
}

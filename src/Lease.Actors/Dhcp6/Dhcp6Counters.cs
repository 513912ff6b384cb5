using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp6;

/// <summary>Why a DHCPv6 packet was not answered.</summary>
public enum Dhcp6Drop
{
    /// <summary>It cannot be parsed.</summary>
    Malformed,

    /// <summary>A message type that servers do not answer.</summary>
    NotForServers,

    /// <summary>CLIENTID is missing.</summary>
    NoClientId,

    /// <summary>SERVERID is missing.</summary>
    NoServerId,

    /// <summary>SERVERID where none may be.</summary>
    UnexpectedServerId,

    /// <summary>For another server.</summary>
    OtherServer,

    /// <summary>An identity association where none may be.</summary>
    UnexpectedIa,

    /// <summary>Two CLIENTIDs or SERVERIDs.</summary>
    DuplicateId,

    /// <summary>More identity associations than a client can have.</summary>
    TooManyIas,

    /// <summary>Sent to a unicast address where multicast is demanded.</summary>
    UnicastNotAllowed,

    /// <summary>No subnet is configured for where it came from.</summary>
    NoSubnet,

    /// <summary>Its classes have it dropped (DROP).</summary>
    DropClass,

    /// <summary>It asks for nothing that can be answered (a CONFIRM without addresses).</summary>
    NothingToAnswer,

    /// <summary>A queue was full.</summary>
    Overload,

    /// <summary>The binding's actor failed or its shard was not served.</summary>
    ServiceInterrupted,

    /// <summary>The commit failed: no answer without a commit.</summary>
    NotCommitted,

    /// <summary>The answer does not fit into a datagram.</summary>
    ReplyTooLarge,

    /// <summary>The system refused to send.</summary>
    NotSent,
}

/// <summary>What was received, answered and dropped; each only grows, and may be read from any thread.</summary>
public sealed class Dhcp6Counters
{
    private readonly long[] received = new long[256];
    private readonly long[] sent = new long[256];
    private readonly long[] dropped = new long[Enum.GetValues<Dhcp6Drop>().Length];
    private long relayed;

    /// <summary>Counts a client's message by its type.</summary>
    public void CountReceived(MessageType type, bool throughRelay)
    {
        Interlocked.Increment(ref received[(byte)type]);
        if (throughRelay)
            Interlocked.Increment(ref relayed);
    }

    /// <summary>Counts an answer by its type.</summary>
    public void CountSent(MessageType type) => Interlocked.Increment(ref sent[(byte)type]);

    /// <summary>Counts a packet without an answer.</summary>
    public void CountDrop(Dhcp6Drop reason) => Interlocked.Increment(ref dropped[(int)reason]);

    /// <summary>Messages of a type received.</summary>
    public long Received(MessageType type) => Interlocked.Read(ref received[(byte)type]);

    /// <summary>Messages of a type sent.</summary>
    public long Sent(MessageType type) => Interlocked.Read(ref sent[(byte)type]);

    /// <summary>Packets dropped for a reason.</summary>
    public long Dropped(Dhcp6Drop reason) => Interlocked.Read(ref dropped[(int)reason]);

    /// <summary>Every counter that is not zero, by name: <c>received.Solicit</c>, <c>dropped.Malformed</c>, ...</summary>
    public IEnumerable<(string Name, long Value)> NonZero()
    {
        for (var i = 0; i < received.Length; i++)
        {
            if (Interlocked.Read(ref received[i]) is > 0 and var value)
                yield return ($"dhcp6.received.{(MessageType)i}", value);
        }

        if (Interlocked.Read(ref relayed) is > 0 and var throughRelays)
            yield return ("dhcp6.received.through-relays", throughRelays);
        for (var i = 0; i < sent.Length; i++)
        {
            if (Interlocked.Read(ref sent[i]) is > 0 and var value)
                yield return ($"dhcp6.sent.{(MessageType)i}", value);
        }

        foreach (var reason in Enum.GetValues<Dhcp6Drop>())
        {
            if (Dropped(reason) is > 0 and var value)
                yield return ($"dhcp6.dropped.{reason}", value);
        }
    }
}

using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Dhcp4;

/// <summary>Why a DHCPv4 message was not answered.</summary>
public enum Dhcp4Drop
{
    /// <summary>There is no Dhcp4 configuration.</summary>
    NotServed,

    /// <summary>A DHCPV4-QUERY without DHCPV4_MSG.</summary>
    NoMessage,

    /// <summary>A DHCPV4-QUERY with several DHCPV4_MSG.</summary>
    SeveralMessages,

    /// <summary>The DHCPv4 message cannot be parsed.</summary>
    Malformed,

    /// <summary>No magic cookie (RFC 2131 section 3): its options, and what it asks for, are not known.</summary>
    NoCookie,

    /// <summary>No message type (option 53), so that it is a BOOTP client's, and those are not served.</summary>
    BootpOff,

    /// <summary>A message that servers do not answer.</summary>
    NotForServers,

    /// <summary>Neither client identifier nor hardware address.</summary>
    NoIdentity,

    /// <summary>For another server.</summary>
    OtherServer,

    /// <summary>No subnet is configured for where it came from.</summary>
    NoSubnet,

    /// <summary>Its classes have it dropped (DROP).</summary>
    DropClass,

    /// <summary>The client asks for what it should have, and nothing is known of it (RFC 2131 section 4.3.2).</summary>
    NoBinding,

    /// <summary>Nothing is free.</summary>
    NoAddress,

    /// <summary>A BOOTREQUEST, which cannot be refused, with a tunnel source address that the client may not have.</summary>
    TunnelSource,

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

    /// <summary>Between two programs (dhcp4o6-port): what the other one sent cannot be understood.</summary>
    BadForward,
}

/// <summary>What was received, answered and dropped of DHCPv4; each only grows, and may be read from any thread.</summary>
public sealed class Dhcp4Counters
{
    private readonly long[] received = new long[256];
    private readonly long[] sent = new long[256];
    private readonly long[] dropped = new long[Enum.GetValues<Dhcp4Drop>().Length];

    /// <summary>Counts a client's message by its type.</summary>
    public void CountReceived(Dhcp4MessageType type) => Interlocked.Increment(ref received[(byte)type]);

    /// <summary>Counts an answer by its type.</summary>
    public void CountSent(Dhcp4MessageType type) => Interlocked.Increment(ref sent[(byte)type]);

    /// <summary>Counts a message without an answer.</summary>
    public void CountDrop(Dhcp4Drop reason) => Interlocked.Increment(ref dropped[(int)reason]);

    /// <summary>Messages of a type received.</summary>
    public long Received(Dhcp4MessageType type) => Interlocked.Read(ref received[(byte)type]);

    /// <summary>Messages of a type sent.</summary>
    public long Sent(Dhcp4MessageType type) => Interlocked.Read(ref sent[(byte)type]);

    /// <summary>Messages dropped for a reason.</summary>
    public long Dropped(Dhcp4Drop reason) => Interlocked.Read(ref dropped[(int)reason]);

    /// <summary>Every counter that is not zero, by name: <c>dhcp4.received.Discover</c>, <c>dhcp4.dropped.Malformed</c>, ...</summary>
    public IEnumerable<(string Name, long Value)> NonZero()
    {
        for (var i = 0; i < received.Length; i++)
        {
            if (Interlocked.Read(ref received[i]) is > 0 and var value)
                yield return ($"dhcp4.received.{(Dhcp4MessageType)i}", value);
        }

        for (var i = 0; i < sent.Length; i++)
        {
            if (Interlocked.Read(ref sent[i]) is > 0 and var value)
                yield return ($"dhcp4.sent.{(Dhcp4MessageType)i}", value);
        }

        foreach (var reason in Enum.GetValues<Dhcp4Drop>())
        {
            if (Dropped(reason) is > 0 and var value)
                yield return ($"dhcp4.dropped.{reason}", value);
        }
    }
}

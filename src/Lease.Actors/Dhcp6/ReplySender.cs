using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp6;

/// <summary>Encodes answers and sends them, on the caller's thread, with a buffer that the thread keeps.</summary>
internal static class ReplySender
{
    private const int RelayPort = 547;

    // The largest UDP payload over IPv6 without jumbograms.
    private const int MaxDatagram = 65_527;

    [ThreadStatic]
    private static byte[]? buffer;

    /// <summary>Sends the answer to where the message came from, or counts why it could not be sent.</summary>
    public static void Send(Datagram datagram, in RelayChain chain, Dhcp6Settings settings, Configuration.Subnet subnet, Answer answer, Dhcp6Counters counters)
    {
        buffer ??= new byte[MaxDatagram];
        if (!ReplyWriter.TryWrite(buffer, datagram.Data, chain, settings, subnet, answer, out var length))
        {
            counters.CountDrop(Dhcp6Drop.ReplyTooLarge);
            return;
        }

        if (datagram.Channel.Send(buffer.AsSpan(0, length), DestinationOf(datagram, chain, settings)))
            counters.CountSent(answer.Type);
        else
            counters.CountDrop(Dhcp6Drop.NotSent);
    }

    /// <summary>Where an answer goes (RFC 8415 section 18.3.10; RFC 8357 section 5.2: a relay that sent RELAY_SOURCE_PORT is answered at the port it sent from).</summary>
    public static UdpEndpoint DestinationOf(Datagram datagram, in RelayChain chain, Dhcp6Settings settings)
    {
        var port = settings.Configuration.ClientPort;
        if (chain.Hops > 0)
            return RelayOf(datagram, chain, settings);
        return port == 0 ? datagram.Source : datagram.Source with { Port = (ushort)port };
    }

    /// <summary>Where the relay that sent a message takes its answer.</summary>
    public static UdpEndpoint RelayOf(Datagram datagram, in RelayChain chain, Dhcp6Settings settings)
        => settings.Configuration.ClientPort == 0 || chain.Hop(datagram.Data, 0).Options.Contains(OptionCode.RelaySourcePort)
            ? datagram.Source
            : datagram.Source with { Port = RelayPort };
}

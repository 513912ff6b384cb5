using Lease.Actors.Dhcp6;
using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp4;

/// <summary>Encodes DHCPv4 answers into DHCPV4-RESPONSEs and sends them, on the caller's thread, with buffers that the thread keeps.</summary>
internal static class Dhcp4ReplySender
{
    // The largest UDP payload over IPv6 without jumbograms.
    private const int MaxDatagram = 65_527;
    private const int MaxMessage = 16_384;

    [ThreadStatic]
    private static byte[]? packetBuffer;

    [ThreadStatic]
    private static byte[]? messageBuffer;

    /// <summary>Sends the answer to where the message came from, or counts why it could not be sent.</summary>
    public static void Send(Dhcp4Exchange exchange, Dhcp4Answer answer)
    {
        messageBuffer ??= new byte[MaxMessage];
        if (!Dhcp4ReplyWriter.TryWrite(messageBuffer, exchange, answer, out var length))
            exchange.Counters.CountDrop(Dhcp4Drop.ReplyTooLarge);
        else if (!TrySend(exchange.Datagram, exchange.Chain, exchange.Settings, exchange.Origin, messageBuffer.AsSpan(0, length)))
            exchange.Counters.CountDrop(Dhcp4Drop.NotSent);
        else
            exchange.Counters.CountSent(answer.Type);
    }

    /// <summary>Sends a DHCPv4 message in a DHCPV4-RESPONSE, whose flags are 0 (RFC 7341 section 6.2), through the relays that the query came through (section 8).</summary>
    public static bool TrySend(Datagram datagram, in RelayChain chain, Dhcp4Settings settings, ForwardedFrom? origin, ReadOnlySpan<byte> message)
    {
        packetBuffer ??= new byte[MaxDatagram];
        var writer = new Dhcp6Writer(packetBuffer);
        Span<int> marks = stackalloc int[RelayChain.MaxHops];
        RelayReply.Begin(ref writer, datagram.Data, chain, marks);
        writer.MessageHeader(MessageType.Dhcpv4Response, 0);
        writer.Option(OptionCode.Dhcpv4Message, message);
        if (origin is not null)
            ForwardedOption.Write(ref writer, origin);
        RelayReply.End(ref writer, chain, marks);
        var destination = origin is null ? ReplySender.DestinationOf(datagram, chain, settings.Dhcp6) : datagram.Source;
        return !writer.Overflowed && datagram.Channel.Send(writer.Written, destination);
    }
}

using System.Text;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Protocol.Dhcp6;

/// <summary>A packet as text for people: logs at debug level, tests. One line for each message and option, two spaces deeper for what is inside.</summary>
public static class PacketDump
{
    // Deeper than any valid packet: eight relays, a message, options, and the relays within an LQ_RELAY_DATA.
    private const int MaxDepth = 40;

    /// <summary>Describes a UDP payload, or a TCP message without its size. What is malformed is shown as far as it can be read, then the defect is named.</summary>
    public static string Describe(ReadOnlySpan<byte> packet)
    {
        var text = new StringBuilder();
        AppendMessage(text, packet, offset: 0, depth: 0);
        var type = packet.IsEmpty ? default : (MessageType)packet[0];
        if (type is MessageType.RelayForward or MessageType.RelayReply && !RelayChain.TryUnwrap(packet, out _, out var defect, type)
            && defect.Reason is MalformedReason.TooManyHops or MalformedReason.RelayMessageMissing)
            AppendLine(text, 1, $"malformed: {defect}");
        return text.ToString();
    }

    private static void AppendMessage(StringBuilder text, ReadOnlySpan<byte> octets, int offset, int depth)
    {
        var isRelay = !octets.IsEmpty && (MessageType)octets[0] is MessageType.RelayForward or MessageType.RelayReply;
        var headerSize = isRelay ? RelayMessage.HeaderSize : Dhcp6Message.HeaderSize;
        if (octets.Length < headerSize || depth > MaxDepth)
        {
            AppendLine(text, depth, $"malformed message: {OctetText.Describe(octets)}");
            return;
        }

        AppendLine(text, depth, isRelay ? HeaderOf(new RelayMessage(octets)) : HeaderOf(Dhcp6Message.FromChecked(octets)));
        AppendOptions(text, new OptionList(octets[headerSize..]), offset + headerSize, depth + 1, ownSpace: false);
        var defect = OptionValidator.Validate(octets[headerSize..], offset + headerSize);
        if (defect.IsDefect)
            AppendLine(text, depth + 1, $"malformed: {defect}");
    }

    private static string HeaderOf(RelayMessage relay)
        => $"{CodeNames.Of(relay.Type)} hop-count={relay.HopCount} link={relay.LinkAddress} peer={relay.PeerAddress}";

    private static string HeaderOf(Dhcp6Message message) => message.Type switch
    {
        MessageType.Dhcpv4Query or MessageType.Dhcpv4Response => $"{CodeNames.Of(message.Type)} flags=0x{message.TransactionId:x6}",
        _ when CodeNames.Of(message.Type) == "UNKNOWN" => $"UNKNOWN ({(byte)message.Type}) xid=0x{message.TransactionId:x6}",
        _ => $"{CodeNames.Of(message.Type)} xid=0x{message.TransactionId:x6}",
    };

    private static void AppendOptions(StringBuilder text, OptionList options, int offset, int depth, bool ownSpace)
    {
        if (depth > MaxDepth)
            return;
        foreach (var option in options)
        {
            if (ownSpace)
                AppendLine(text, depth, $"{(ushort)option.Code}: {OctetText.Describe(option.Data)}");
            else
                AppendOption(text, option, offset, depth);
            offset += Option.HeaderSize + option.Data.Length;
        }
    }

    private static void AppendOption(StringBuilder text, Option option, int offset, int depth)
    {
        var name = $"{OptionRegistry.NameOf(option.Code)} ({(ushort)option.Code})";
        var value = OptionText.Of(option);
        AppendLine(text, depth, value.Length == 0 ? name : $"{name} {value}");
        var start = offset + Option.HeaderSize;
        if (option.Code == OptionCode.RelayMessage)
        {
            AppendMessage(text, option.Data, start, depth + 1);
        }
        else if (LqRelayDataOption.TryRead(option, out var relayData))
        {
            AppendMessage(text, relayData.RelayMessage, start + LqRelayDataOption.FixedSize, depth + 1);
        }
        else
        {
            var nested = OptionText.NestedIn(option, out var ownSpace);
            AppendOptions(text, new OptionList(nested), start + option.Data.Length - nested.Length, depth + 1, ownSpace);
        }
    }

    private static void AppendLine(StringBuilder text, int depth, string line) => text.Append(' ', depth * 2).Append(line).Append('\n');
}

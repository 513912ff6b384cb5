using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Protocol.Tests;

/// <summary>Reads a packet with the reader of each option, and writes what was read with that option's writer.</summary>
internal static class Reencoder
{
    // Twice a valid packet's depth: the input may be hostile.
    private const int MaxDepth = 40;

    public static byte[] Reencode(ReadOnlySpan<byte> packet)
    {
        var writer = new Dhcp6Writer(new byte[packet.Length]);
        Message(ref writer, packet, 0);
        writer.Overflowed.ShouldBeFalse();
        return writer.Written.ToArray();
    }

    private static void Message(ref Dhcp6Writer writer, ReadOnlySpan<byte> octets, int depth)
    {
        var isRelay = !octets.IsEmpty && (MessageType)octets[0] is MessageType.RelayForward or MessageType.RelayReply;
        if (depth > MaxDepth)
        {
            writer.Octets(octets);
        }
        else if (isRelay && RelayMessage.TryRead(octets, 0, out var relay, out _))
        {
            writer.RelayHeader(relay.Type, relay.HopCount, relay.LinkAddress, relay.PeerAddress);
            Options(ref writer, relay.Options, depth);
        }
        else if (!isRelay && Dhcp6Message.TryRead(octets, 0, out var message, out _))
        {
            writer.MessageHeader(message.Type, message.TransactionId);
            Options(ref writer, message.Options, depth);
        }
        else
        {
            writer.Octets(octets);
        }
    }

    private static void Options(ref Dhcp6Writer writer, OptionList options, int depth)
    {
        foreach (var option in options)
        {
            if (!TryContainer(ref writer, option, depth) && !TryPlain(ref writer, option))
                writer.Option(option.Code, option.Data);
        }
    }

    private static bool TryContainer(ref Dhcp6Writer writer, Option option, int depth)
    {
        int mark;
        OptionList nested;
        if (IaOption.TryRead(option, out var ia))
        {
            mark = IaOption.Begin(ref writer, ia.Code, ia.Iaid, ia.T1, ia.T2);
            nested = ia.Options;
        }
        else if (IaPrefixOption.TryRead(option, out var prefix))
        {
            mark = IaPrefixOption.Begin(ref writer, prefix.Prefix, prefix.Preferred, prefix.Valid);
            nested = prefix.Options;
        }
        else if (LqQueryOption.TryRead(option, out var query))
        {
            mark = LqQueryOption.Begin(ref writer, query.Type, query.LinkAddress);
            nested = query.Options;
        }
        else if (ClientDataOption.TryRead(option, out var client))
        {
            mark = ClientDataOption.Begin(ref writer);
            nested = client.Options;
        }
        else if (S46RuleOption.TryRead(option, out var rule))
        {
            mark = S46RuleOption.Begin(ref writer, rule.Flags, rule.EaLength, rule.Prefix4, rule.Prefix4Length, rule.Prefix6);
            nested = rule.Options;
        }
        else if (S46V4V6BindOption.TryRead(option, out var bind))
        {
            mark = S46V4V6BindOption.Begin(ref writer, bind.Address, bind.Prefix);
            nested = bind.Options;
        }
        else if (option.Code == OptionCode.RelayMessage)
        {
            mark = writer.BeginOption(option.Code);
            Message(ref writer, option.Data, depth + 1);
            nested = default;
        }
        else if (OptionRegistry.TryGetContainer(option.Code, out var fixedPart))
        {
            mark = writer.BeginOption(option.Code);
            writer.Octets(option.Data[..fixedPart]);
            nested = new(option.Data[fixedPart..]);
        }
        else
        {
            return false;
        }

        Options(ref writer, nested, depth + 1);
        writer.EndOption(mark);
        return true;
    }

    private static bool TryPlain(ref Dhcp6Writer writer, Option option)
    {
        switch (option.Code)
        {
            case OptionCode.StatusCode when StatusCodeOption.TryRead(option, out var status):
                StatusCodeOption.Write(ref writer, status.Code, status.Message);
                return true;
            case OptionCode.ClientFqdn when ClientFqdnOption.TryRead(option, out var fqdn):
                ClientFqdnOption.Write(ref writer, fqdn.Flags, fqdn.Name);
                return true;
            case OptionCode.RemoteId when RemoteIdOption.TryRead(option, out var remote):
                RemoteIdOption.Write(ref writer, remote.Enterprise, remote.RemoteId);
                return true;
            case OptionCode.ClientLinkLayerAddress when ClientLinkLayerAddressOption.TryRead(option, out var hardware):
                ClientLinkLayerAddressOption.Write(ref writer, hardware.HardwareType, hardware.Address);
                return true;
            case OptionCode.Authentication when AuthOption.TryRead(option, out var auth):
                AuthOption.Write(ref writer, auth.Protocol, auth.Algorithm, auth.ReplayMethod, auth.ReplayDetection, auth.Information);
                return true;
            case OptionCode.LqRelayData when LqRelayDataOption.TryRead(option, out var relay):
                LqRelayDataOption.Write(ref writer, relay.PeerAddress, relay.RelayMessage);
                return true;
            case OptionCode.S46PortParameters when S46PortParametersOption.TryRead(option, out var ports):
                ports.Write(ref writer);
                return true;
            case OptionCode.S46Dmr or OptionCode.S46BindIpv6Prefix when ShortPrefix.TryRead(option.Data, out var prefix, out _):
                ShortPrefix.WriteOption(ref writer, option.Code, prefix);
                return true;
            case OptionCode.OptionRequest or OptionCode.EchoRequest:
                Codes(ref writer, option);
                return true;
            default:
                return TryElements(ref writer, option) || TryNumber(ref writer, option);
        }
    }

    private static void Codes(ref Dhcp6Writer writer, Option option)
    {
        var requested = new OptionRequestOption(option.Data);
        var codes = new OptionCode[requested.Count];
        for (var i = 0; i < codes.Length; i++)
            codes[i] = requested[i];
        OptionRequestOption.Write(ref writer, codes, option.Code);
    }

    private static bool TryElements(ref Dhcp6Writer writer, Option option)
    {
        if (VendorOptsOption.TryRead(option, out var vendor))
        {
            var options = VendorOptsOption.Begin(ref writer, vendor.Enterprise);
            foreach (var one in vendor.Options)
                writer.Option(one.Code, one.Data);
            writer.EndOption(options);
            return true;
        }

        int mark;
        ElementList elements;
        if (VendorClassOption.TryRead(option, out var vendorClass))
        {
            mark = VendorClassOption.Begin(ref writer, vendorClass.Enterprise);
            elements = vendorClass.Classes;
        }
        else if (UserClassOption.TryRead(option, out var userClass))
        {
            mark = UserClassOption.Begin(ref writer);
            elements = userClass.Classes;
        }
        else
        {
            return false;
        }

        foreach (var element in elements)
            ElementList.WriteElement(ref writer, element);
        writer.EndOption(mark);
        return true;
    }

    private static bool TryNumber(ref Dhcp6Writer writer, Option option)
    {
        if (!new OptionList(Written(option)).TryGetNumber(option.Code, out var number))
            return false;
        switch (option.Data.Length)
        {
            case 1:
                writer.OptionU8(option.Code, (byte)number);
                break;
            case 2:
                writer.OptionU16(option.Code, (ushort)number);
                break;
            default:
                writer.OptionU32(option.Code, number);
                break;
        }

        return true;
    }

    private static byte[] Written(Option option)
    {
        var writer = new Dhcp6Writer(new byte[option.Data.Length + Option.HeaderSize]);
        writer.Option(option.Code, option.Data);
        return writer.Written.ToArray();
    }
}

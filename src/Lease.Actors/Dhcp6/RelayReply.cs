using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Dhcp6;

/// <summary>The RELAY-REPLs around an answer: one for each relay that the message came through (RFC 8415 section 19.3).</summary>
internal static class RelayReply
{
    /// <summary>Begins them; <paramref name="marks"/> has room for <see cref="RelayChain.MaxHops"/>.</summary>
    public static void Begin(ref Dhcp6Writer writer, ReadOnlySpan<byte> packet, in RelayChain chain, scoped Span<int> marks)
    {
        for (var hop = 0; hop < chain.Hops; hop++)
            marks[hop] = BeginOne(ref writer, chain.Hop(packet, hop));
    }

    /// <summary>Ends them when the answer stands within.</summary>
    public static void End(ref Dhcp6Writer writer, in RelayChain chain, scoped ReadOnlySpan<int> marks)
    {
        for (var hop = chain.Hops - 1; hop >= 0; hop--)
            writer.EndOption(marks[hop]);
    }

    // Link-address, peer-address and INTERFACE_ID come back as they were; RFC 8357 section 5.2; RFC 4994 section 4.2.
    private static int BeginOne(ref Dhcp6Writer writer, RelayMessage relay)
    {
        writer.RelayHeader(MessageType.RelayReply, relay.HopCount, relay.LinkAddress, relay.PeerAddress);
        var echoed = OptionRequestOption.In(relay.Options, OptionCode.EchoRequest);
        foreach (var option in relay.Options)
        {
            if (option.Code is OptionCode.InterfaceId or OptionCode.RelaySourcePort
                || (echoed.Contains(option.Code) && option.Code is not (OptionCode.RelayMessage or OptionCode.EchoRequest)))
                writer.Option(option.Code, option.Data);
        }

        return writer.BeginOption(OptionCode.RelayMessage);
    }
}

using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Classification;

/// <summary><c>.hex</c> and <c>.text</c> of something that the packet may hold.</summary>
internal sealed class Content(Source source) : Value
{
    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation) => source.TryFind(ref evaluation, out var data) ? data : default;
}

/// <summary><c>option[CODE]</c>.</summary>
internal sealed class MessageOption(ushort code) : Source
{
    public ushort Code => code;

    public override bool TryFind(scoped ref Evaluation evaluation, out ReadOnlySpan<byte> data)
    {
        var packet = evaluation.Packet;
        if (!packet.IsIpv4)
            return packet.Message.Options.TryGet((OptionCode)code, out data);

        // Room for its parts is taken only when it has several (RFC 3396).
        var options = packet.Message4.Options;
        return options.TryGetWhole((Dhcp4OptionCode)code, [], out data)
            || (options.Contains((Dhcp4OptionCode)code) && options.TryGetWhole((Dhcp4OptionCode)code, evaluation.Take(packet.Length), out data));
    }
}

/// <summary><c>option[CODE].option[CODE]</c>, and <c>relay4[CODE]</c>: an option within the first one.</summary>
internal sealed class InnerOption(MessageOption outer, ushort code) : Source
{
    // RFC 3925 section 4: enterprise number and length.
    private const int VendorHeader = 5;

    public override bool TryFind(scoped ref Evaluation evaluation, out ReadOnlySpan<byte> data)
    {
        if (!outer.TryFind(ref evaluation, out data))
            return false;
        if (evaluation.Packet.IsIpv4)
        {
            var header = outer.Code == (ushort)Dhcp4OptionCode.VendorIdentifyingInformation ? VendorHeader : 0;
            return data.Length >= header && new SubOptionList(data[header..]).TryGet((RelayAgentSubOption)code, out data);
        }

        var front = outer.Code == (ushort)OptionCode.VendorOptions ? VendorOptsOption.FixedSize
            : OptionRegistry.TryGetContainer((OptionCode)outer.Code, out var size) ? size : 0;
        return data.Length >= front && new OptionList(data[front..]).TryGet((OptionCode)code, out data);
    }
}

/// <summary><c>relay6[NEST].option[CODE]</c>.</summary>
internal sealed class RelayOption(int nest, ushort code) : Source
{
    public override bool TryFind(scoped ref Evaluation evaluation, out ReadOnlySpan<byte> data)
    {
        data = default;
        return evaluation.Packet.TryGetRelay(nest, out var relay) && relay.Options.TryGet((OptionCode)code, out data);
    }
}

/// <summary><c>relay6[NEST].linkaddr</c> and <c>.peeraddr</c>.</summary>
internal sealed class RelayAddress(int nest, bool isPeer) : Value
{
    private const int Link = 2;
    private const int Peer = 18;

    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation)
        => evaluation.Packet.TryGetRelay(nest, out var relay) ? relay.Octets.Slice(isPeer ? Peer : Link, 16) : default;
}

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>
/// LQ_RELAY_DATA (RFC 5007 section 4.1.2.4): peer-address 16, then the last RELAY-FORW that the server had of the client's, without the client's message.
/// </summary>
public readonly ref struct LqRelayDataOption
{
    /// <summary>Octets in front of the relay message.</summary>
    public const int FixedSize = Ipv6Address.Size;

    private LqRelayDataOption(ReadOnlySpan<byte> data)
    {
        PeerAddress = Ipv6Address.Read(data);
        RelayMessage = data[FixedSize..];
    }

    /// <summary>The relay from which the server had the message.</summary>
    public Ipv6Address PeerAddress { get; }

    /// <summary>
    /// The RELAY-FORW; maybe with further ones in its RELAY_MSG. Its octets are the answer of a server and have not been checked: see
    /// <see cref="Dhcp6.RelayMessage.TryRead"/>.
    /// </summary>
    public ReadOnlySpan<byte> RelayMessage { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out LqRelayDataOption relayData)
    {
        relayData = default;
        if (option.Code != OptionCode.LqRelayData || option.Data.Length < FixedSize)
            return false;
        relayData = new(option.Data);
        return true;
    }

    /// <summary>Writes the option.</summary>
    public static void Write(ref Dhcp6Writer writer, Ipv6Address peer, scoped ReadOnlySpan<byte> relayMessage)
    {
        var mark = writer.BeginOption(OptionCode.LqRelayData);
        writer.Address(peer);
        writer.Octets(relayMessage);
        writer.EndOption(mark);
    }

    /// <inheritdoc/>
    public override string ToString() => $"peer={PeerAddress}";
}

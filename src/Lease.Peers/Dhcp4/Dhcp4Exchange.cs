using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Dhcp4;

/// <summary>A DHCPv4 client's message, and the DHCPV4-QUERY around it (RFC 7341 section 6).</summary>
public sealed record Dhcp4Request
{
    /// <summary>The message type.</summary>
    public required Dhcp4MessageType Type { get; init; }

    /// <summary>The transaction-id.</summary>
    public uint TransactionId { get; init; }

    /// <summary>chaddr, of Ethernet.</summary>
    public byte[] HardwareAddress { get; init; } = [];

    /// <summary>Option 61; empty: none.</summary>
    public byte[] ClientId { get; init; } = [];

    /// <summary>ciaddr.</summary>
    public Ipv4Address ClientAddress { get; init; }

    /// <summary>Option 50; null: none.</summary>
    public Ipv4Address? Requested { get; init; }

    /// <summary>Option 54; null: none.</summary>
    public Ipv4Address? ServerId { get; init; }

    /// <summary>Option 159; null: none.</summary>
    public PortParameters? Ports { get; init; }

    /// <summary>Option 109; null: none.</summary>
    public Ipv6Address? TunnelSource { get; init; }

    /// <summary>Option 55.</summary>
    public IReadOnlyList<Dhcp4OptionCode> Parameters { get; init; } = [];

    /// <summary>Other options, relay agent information for example.</summary>
    public IReadOnlyList<(Dhcp4OptionCode Code, byte[] Data)> Options { get; init; } = [];

    /// <summary>Whether a DHCPv4 client would have sent it by unicast: flag U.</summary>
    public bool IsUnicast { get; init; }

    /// <summary>Relays in front of the client, the one nearest to it first.</summary>
    public IReadOnlyList<RelayHop> Relays { get; init; } = [];

    /// <summary>Writes the DHCPv4 message.</summary>
    /// <returns>Its octets.</returns>
    public byte[] Encode()
    {
        var writer = new Dhcp4Writer(new byte[2048]);
        writer.Header(new Dhcp4Header
        {
            Operation = BootpOperation.Request,
            HardwareType = HardwareAddress.Length == 0 ? (byte)0 : (byte)1,
            HardwareAddress = HardwareAddress,
            TransactionId = TransactionId,
            ClientAddress = ClientAddress,
        });
        if (Type != Dhcp4MessageType.Bootp)
            writer.MessageType(Type);
        if (ClientId.Length > 0)
            writer.Option(Dhcp4OptionCode.ClientId, ClientId);
        if (Requested is { } requested)
            writer.OptionAddress(Dhcp4OptionCode.RequestedAddress, requested);
        if (ServerId is { } server)
            writer.OptionAddress(Dhcp4OptionCode.ServerId, server);
        Span<byte> data = stackalloc byte[Ipv6Address.Size];
        if (Ports is { } ports)
        {
            ports.Write(data);
            writer.Option(Dhcp4OptionCode.PortParameters, data[..PortParameters.Size]);
        }

        if (TunnelSource is { } source)
        {
            source.Write(data);
            writer.Option(Dhcp4OptionCode.S46SourceAddress, data);
        }

        if (Parameters.Count > 0)
            writer.Option(Dhcp4OptionCode.ParameterRequestList, [.. Parameters.Select(static p => (byte)p)]);
        foreach (var (code, option) in Options)
            writer.Option(code, option);
        writer.End();
        return writer.Written.ToArray();
    }

    /// <summary>Writes the packet.</summary>
    /// <returns>Octets written.</returns>
    public int Write(Span<byte> buffer)
    {
        var writer = new Dhcp6Writer(buffer);
        Span<int> marks = stackalloc int[RelayChain.MaxHops];
        for (var i = Relays.Count - 1; i >= 0; i--)
            marks[i] = Relays[i].Begin(ref writer, (byte)i);
        writer.MessageHeader(MessageType.Dhcpv4Query, IsUnicast ? Dhcp6Message.UnicastFlag : 0);
        writer.Option(OptionCode.Dhcpv4Message, Encode());
        for (var i = 0; i < Relays.Count; i++)
            writer.EndOption(marks[i]);
        return writer.Overflowed ? throw new ArgumentException("the packet does not fit into the buffer", nameof(buffer)) : writer.Length;
    }
}

/// <summary>A server's DHCPv4 message.</summary>
/// <param name="Octets">The message.</param>
public sealed record Dhcp4Reply(byte[] Octets)
{
    /// <summary>The message, checked.</summary>
    public Dhcp4Message Message => Dhcp4Message.FromChecked(Octets);

    /// <summary>Its type.</summary>
    public Dhcp4MessageType Type => Message.Type;

    /// <summary>The port set; null when the whole address is leased.</summary>
    public PortParameters? Ports
        => Message.Options.TryGet(Dhcp4OptionCode.PortParameters, out var data) && PortParameters.TryRead(data, out var ports) ? ports : null;

    /// <summary>The tunnel source address as the server has it; null when it says none.</summary>
    public Ipv6Address? TunnelSource
        => Message.Options.TryGet(Dhcp4OptionCode.S46SourceAddress, out var data) && data.Length == Ipv6Address.Size ? Ipv6Address.Read(data) : null;
}

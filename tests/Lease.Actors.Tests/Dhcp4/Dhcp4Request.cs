using Lease.Kernel.IO;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Dhcp4;

/// <summary>A client's DHCPv4 message.</summary>
public sealed record Dhcp4Request
{
    public Dhcp4MessageType Type { get; init; } = Dhcp4MessageType.Discover;

    public byte[] HardwareAddress { get; init; } = [2, 0, 0, 0, 0, 1];

    public byte[]? ClientId { get; init; } = ClientIdentifier.Make(7, Duid.MakeLinkLayer(1, [2, 0, 0, 0, 0, 1]));

    public Ipv4Address ClientAddress { get; init; }

    public Ipv4Address RelayAddress { get; init; }

    public Ipv4Address? Requested { get; init; }

    public Ipv4Address? ServerId { get; init; }

    public PortParameters? Ports { get; init; }

    public Ipv6Address? TunnelSource { get; init; }

    /// <summary>Codes of the parameter request list.</summary>
    public Dhcp4OptionCode[] Parameters { get; init; } = [];

    public (Dhcp4OptionCode Code, byte[] Data)[] Options { get; init; } = [];

    /// <summary>Options beside DHCPV4_MSG.</summary>
    public (OptionCode Code, byte[] Data)[] Dhcp6Options { get; init; } = [];

    public byte[] ToOctets()
    {
        var writer = new Dhcp4Writer(new byte[1000]);
        writer.Header(new Dhcp4Header
        {
            Operation = BootpOperation.Request,
            HardwareType = 1,
            HardwareAddress = HardwareAddress,
            TransactionId = 99,
            ClientAddress = ClientAddress,
            RelayAddress = RelayAddress,
        });
        if (Type != Dhcp4MessageType.Bootp)
            writer.MessageType(Type);
        if (ClientId is not null)
            writer.Option(Dhcp4OptionCode.ClientId, ClientId);
        if (Requested is { } requested)
            writer.OptionAddress(Dhcp4OptionCode.RequestedAddress, requested);
        if (ServerId is { } server)
            writer.OptionAddress(Dhcp4OptionCode.ServerId, server);
        if (Parameters.Length > 0)
            writer.Option(Dhcp4OptionCode.ParameterRequestList, [.. Parameters.Select(static p => (byte)p)]);
        Span<byte> data = stackalloc byte[16];
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

        foreach (var (code, option) in Options)
            writer.Option(code, option);
        writer.End();
        writer.Overflowed.ShouldBeFalse();
        return writer.Written.ToArray();
    }
}

/// <summary>A DHCPv4 message that the server sent.</summary>
public sealed class SentMessage(byte[] octets, UdpEndpoint destination)
{
    public byte[] Octets { get; } = octets;

    public UdpEndpoint Destination { get; } = destination;

    public Dhcp4MessageType Type => Message.Type;

    public Ipv4Address YourAddress => Message.YourAddress;

    public Ipv4Address? ServerId => Message.Options.TryGetAddress(Dhcp4OptionCode.ServerId, out var id) ? id : null;

    public PortParameters? Ports
        => Message.Options.TryGet(Dhcp4OptionCode.PortParameters, out var data) && PortParameters.TryRead(data, out var ports) ? ports : null;

    public Ipv6Address? TunnelSource => Message.Options.TryGet(Dhcp4OptionCode.S46SourceAddress, out var data) ? Ipv6Address.Read(data) : null;

    public Dhcp4Message Message
    {
        get
        {
            Dhcp4Message.TryRead(Octets, 0, out var message, out var defect).ShouldBeTrue(defect.ToString());
            return message;
        }
    }

    public uint Number(Dhcp4OptionCode code) => Message.Options.TryGetNumber(code, out var number) ? number : 0;

    public byte[]? Option(Dhcp4OptionCode code) => Message.Options.TryGet(code, out var data) ? data.ToArray() : null;
}

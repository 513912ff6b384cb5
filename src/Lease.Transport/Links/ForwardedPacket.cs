using Lease.Kernel.IO;

namespace Lease.Transport.Links;

/// <summary>The services of a node that take packets from other nodes: the numbers of <c>Service</c> in <c>links.proto</c>.</summary>
public enum ForwardedService
{
    /// <summary>DHCPv6.</summary>
    Dhcp6 = 1,

    /// <summary>DHCPv4 over DHCPv6 behind another program's DHCPv6 server.</summary>
    BehindOther = 2,
}

/// <summary>
/// A client's datagram on its way from the node that received it to the node that answers it. The span belongs to somebody else: what is to stay must be copied.
/// </summary>
public readonly ref struct ForwardedPacket
{
    /// <summary>Puts a packet together; nothing is copied.</summary>
    /// <param name="service">Which of the receiver's services is to have it.</param>
    /// <param name="channel">Number of the socket it came in by, on the node that received it.</param>
    /// <param name="isMulticast">Whether it was sent to a multicast group.</param>
    /// <param name="source">Who sent it; the scope is an interface of the node that received it.</param>
    /// <param name="interfaceName">Name of the interface it came in by, at most 255 characters.</param>
    /// <param name="data">The datagram.</param>
    /// <exception cref="ArgumentOutOfRangeException">The name is longer.</exception>
    public ForwardedPacket(ForwardedService service, ushort channel, bool isMulticast, UdpEndpoint source, string interfaceName, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(interfaceName.Length, MaxNameLength, nameof(interfaceName));
        Service = service;
        Channel = channel;
        IsMulticast = isMulticast;
        Source = source;
        InterfaceName = interfaceName;
        Data = data;
    }

    /// <summary>Characters of the longest <see cref="InterfaceName"/>.</summary>
    public const int MaxNameLength = 255;

    /// <summary>Which of the receiver's services is to have it.</summary>
    public ForwardedService Service { get; }

    /// <summary>Number of the socket it came in by, on the node that received it: replies name it.</summary>
    public ushort Channel { get; }

    /// <summary>Whether it was sent to a multicast group.</summary>
    public bool IsMulticast { get; }

    /// <summary>Who sent it; the scope is an interface of the node that received it.</summary>
    public UdpEndpoint Source { get; }

    /// <summary>Name of the interface it came in by.</summary>
    public string InterfaceName { get; }

    /// <summary>The datagram.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Takes a message that came in; nothing is copied.</summary>
    /// <returns>False when it is for a service that this version does not know.</returns>
    /// <exception cref="MalformedFrameException">Something is missing or out of its range.</exception>
    internal static bool TryRead(Packet message, out ForwardedPacket packet)
    {
        packet = default;
        var source = Endpoint.Read(message.Source);
        if (message.Channel > ushort.MaxValue || message.InterfaceName.Length > MaxNameLength)
            throw new MalformedFrameException(FrameDefect.Value, $"a packet of channel {message.Channel} with an interface name of {message.InterfaceName.Length} characters");
        if (message.Service is not (Links.Service.Dhcp6 or Links.Service.BehindOther))
            return false;
        packet = new ForwardedPacket((ForwardedService)message.Service, (ushort)message.Channel, message.IsMulticast, source, message.InterfaceName, message.Data.Span);
        return true;
    }
}

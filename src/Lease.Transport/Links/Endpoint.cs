using Lease.Kernel.IO;

namespace Lease.Transport.Links;

internal sealed partial class Endpoint
{
    /// <summary>Takes over all of an endpoint.</summary>
    public void Set(in UdpEndpoint endpoint)
    {
        AddressHigh = (ulong)(endpoint.Address >> 64);
        AddressLow = (ulong)endpoint.Address;
        Port = endpoint.Port;
        Scope = endpoint.Scope;
    }

    /// <summary>What a message says for an endpoint.</summary>
    /// <param name="message">Null when it says none.</param>
    /// <exception cref="MalformedFrameException">There is none, or no port has this number.</exception>
    public static UdpEndpoint Read(Endpoint? message)
    {
        if (message is null)
            throw new MalformedFrameException(FrameDefect.Value, "a frame without an endpoint");
        if (message.Port > ushort.MaxValue)
            throw new MalformedFrameException(FrameDefect.Value, $"a frame with port {message.Port}");
        return new UdpEndpoint(new UInt128(message.AddressHigh, message.AddressLow), (ushort)message.Port, message.Scope);
    }
}

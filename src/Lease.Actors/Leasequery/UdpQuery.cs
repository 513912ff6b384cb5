using Lease.Actors.Configuration;
using Lease.Kernel.IO;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>A LEASEQUERY over UDP that may be answered. Sender: the intake; receiver: the responder, which releases it. May be lost: requestors retransmit.</summary>
public sealed class UdpQuery
{
    private readonly RelayChain chain;

    private UdpQuery(Datagram datagram, in RelayChain chain, LeasequerySettings settings, Requestor requestor)
    {
        Datagram = datagram;
        this.chain = chain;
        Settings = settings;
        Requestor = requestor;
    }

    /// <summary>The packet.</summary>
    public Datagram Datagram { get; }

    /// <summary>The configuration under which it is answered.</summary>
    public LeasequerySettings Settings { get; }

    /// <summary>Who asks.</summary>
    public Requestor Requestor { get; }

    /// <summary>The relays.</summary>
    public ref readonly RelayChain Chain => ref chain;

    /// <summary>The requestor's message.</summary>
    public Dhcp6Message Message => Dhcp6Message.FromChecked(chain.Message(Datagram.Data));

    /// <summary>Checks a LEASEQUERY on the socket's thread: null (and counted) when it is not answered.</summary>
    public static UdpQuery? Admit(
        Datagram datagram, in RelayChain chain, in Dhcp6Message message, LeasequerySettings settings, LeasequeryGate gate, LeasequeryCounters counters)
    {
        if (gate.AdmitUdp(settings.Configuration, new Ipv6Address(datagram.Source.Address), datagram.Data, chain) is not { } requestor)
            return null;
        counters.Add(LeasequeryCount.UdpReceived);
        if (IsValid(message, settings))
            return new UdpQuery(datagram, chain, settings, requestor);
        counters.Add(LeasequeryCount.Invalid);
        return null;
    }

    // RFC 5007 section 4.2.1; leasequery draft section 4.1.2.3: a cookie is for one server.
    private static bool IsValid(in Dhcp6Message message, LeasequerySettings settings)
        => MessageValidation.CheckLeaseQuery(message, settings.ServerDuid) == Validity.Valid
            && (message.Options.Contains(OptionCode.ServerId) || !message.Options.Contains(settings.Configuration.CodePoints.LqCookie));
}

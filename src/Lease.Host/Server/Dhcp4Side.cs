using System.Net;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Actors.Dhcp6;
using Lease.Actors.Leasequery;
using Lease.Host.Configuration;
using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Transport;
using Lease.Transport.Udp;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Server;

/// <summary>
/// DHCPv4 over DHCPv6 of a node: its own engine; or, by <c>dhcp4o6-port</c>, another program's engine behind this DHCPv6 server, or this engine behind another program's.
/// </summary>
internal sealed class Dhcp4Side : IDisposable
{
    private readonly Dhcp4Intake engine;
    private readonly Dhcp4Forwarder? forwarder;
    private readonly ActorSystem system;
    private readonly int port;
    private UdpServer? loopback;

    public Dhcp4Side(LeaseConfiguration configuration, ActorSystem system, IActorRef region, LeasequeryService leasequery, Func<Dhcp6Settings?> dhcp6, ILogger logger)
    {
        this.system = system;
        engine = new Dhcp4Intake(region, leasequery, Counters, logger);
        var otherPort = configuration.Dhcp4?.Dhcp4o6Port ?? 0;
        BehindOther = new ForwardedIntake(system, engine, Counters, new UdpEndpoint(UInt128.One, (ushort)otherPort, 0));
        var isAlone = configuration.Dhcp6.Interfaces.Count == 0;
        if (configuration.Dhcp4 is null && configuration.Dhcp6.Dhcp4o6Port > 0)
        {
            // Kea's ports: the DHCPv6 side has the configured one, the DHCPv4 side the next.
            port = configuration.Dhcp6.Dhcp4o6Port;
            forwarder = new Dhcp4Forwarder(system, new UdpEndpoint(UInt128.One, (ushort)(port + 1), 0), dhcp6, Counters);
        }
        else if (otherPort > 0 && isAlone)
        {
            port = otherPort + 1;
        }
    }

    public Dhcp4Counters Counters { get; } = new();

    /// <summary>Who takes what another program's DHCPv6 server handed to a node.</summary>
    public IDatagramHandler BehindOther { get; }

    /// <summary>Who takes DHCPV4-QUERYs.</summary>
    public IDhcp4Service Service => forwarder is null ? engine : forwarder;

    /// <summary>The configuration in force; null when this program serves no IPv4.</summary>
    public Dhcp4Configuration? Configuration => engine.Settings?.Configuration;

    public void Configure(LeaseConfiguration configuration, Dhcp6Settings dhcp6)
        => engine.Settings = configuration.Dhcp4 is { } dhcp4 ? new Dhcp4Settings(dhcp4, dhcp6, configuration.Leasequery.CodePoints) : null;

    /// <summary>Opens the loopback socket of two programs, where there are two.</summary>
    /// <exception cref="ListenException">The port is taken or not permitted.</exception>
    public void Open(ILogger transportLog)
    {
        if (port == 0)
            return;
        var handler = forwarder is null ? BehindOther : forwarder;
        loopback = UdpServer.StartAt(new IPEndPoint(IPAddress.IPv6Loopback, port), "lo", handler, system.TimeProvider, transportLog);
        if (forwarder is not null)
            forwarder.Loopback = loopback.FirstChannel;
    }

    /// <summary>Takes no more messages.</summary>
    public void Stop() => engine.Settings = null;

    public void Dispose() => loopback?.Dispose();
}

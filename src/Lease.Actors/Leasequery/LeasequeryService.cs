using System.Net;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Leasequery;

/// <summary>
/// Leasequery of this node: over UDP, bulk and active. Its actors belong in an actor system of their own, so that a flood of queries takes no turn from the bindings (docs/decisions/0004), and
/// it reads the tables on connections of its own.
/// </summary>
public sealed class LeasequeryService
{
    // What waits beyond this is older than a requestor's patience.
    private const int UdpQueue = 1024;

    private readonly Dictionary<IPAddress, int> connections = [];
    private readonly List<IActorRef> sessions = [];
    private readonly Lock gate = new();
    private readonly ActorSystem system;
    private readonly IActorRef responder;
    private readonly EventStream events;
    private volatile LeasequerySettings settings;
    private volatile bool stopping;
    private TaskCompletionSource? emptied;

    /// <summary>Starts the service.</summary>
    /// <param name="system">Whose threads answer.</param>
    /// <param name="settings">The configuration.</param>
    /// <param name="tables">The tables.</param>
    /// <param name="log">The event log.</param>
    /// <param name="secret">A secret of this server, the same after a restart.</param>
    /// <param name="events">Where the journal publishes what it committed.</param>
    /// <param name="logger">For the log.</param>
    public LeasequeryService(
        ActorSystem system, LeasequerySettings settings, IBindingQueries tables, IEventLog log, byte[] secret, EventStream events, ILogger logger)
    {
        this.system = system;
        this.settings = settings;
        this.events = events;
        Tables = tables;
        Log = log;
        Logger = logger;
        Gate = new LeasequeryGate(system.TimeProvider, Counters, Logger);
        var cookies = new LeasequeryCookie(secret);
        var udp = Props.Create(() => new UdpResponder(tables, log, cookies, Gate, Counters, Logger)).WithMailboxCapacity(UdpQueue);
        responder = system.ActorOf(udp, "udp");
        Feed = system.ActorOf(Props.Create(() => new ActiveFeed(tables, log, events)), "feed");
    }

    /// <summary>What is counted.</summary>
    public LeasequeryCounters Counters { get; } = new();

    /// <summary>The configuration for the queries that come from now on.</summary>
    public LeasequerySettings Settings
    {
        get => settings;
        set => settings = value;
    }

    /// <summary>Connections that are open.</summary>
    public int OpenConnections
    {
        get
        {
            lock (gate)
                return sessions.Count;
        }
    }

    internal IBindingQueries Tables { get; }

    internal IEventLog Log { get; }

    internal ILogger Logger { get; }

    internal LeasequeryGate Gate { get; }

    internal IActorRef Feed { get; }

    /// <summary>Takes a LEASEQUERY over UDP, on the socket's thread. The datagram is the service's from now on.</summary>
    public void Handle(Datagram datagram, in RelayChain chain, in Dhcp6Message message)
    {
        if (!stopping && UdpQuery.Admit(datagram, chain, message, settings, Gate, Counters) is { } query)
            responder.Tell(query);
        else
            datagram.Release();
    }

    /// <summary>Takes a DHCPLEASEQUERY in a DHCPV4-QUERY, on the socket's thread. The datagram is the service's from now on.</summary>
    public void HandleIpv4(Datagram datagram, in RelayChain chain, Range place, Dhcp4Settings dhcp4, ForwardedFrom? origin)
    {
        var source = origin?.Peer ?? new Ipv6Address(datagram.Source.Address);
        if (stopping || Gate.AdmitUdp(settings.Configuration, source, datagram.Data, chain) is not { } requestor)
        {
            datagram.Release();
            return;
        }

        Counters.Add(LeasequeryCount.UdpReceived);
        responder.Tell(new Dhcp4UdpQuery(datagram, chain, place, requestor, settings, dhcp4, origin, Counters));
    }

    /// <summary>Takes a TCP connection.</summary>
    /// <returns>Whom to tell what happens on it; null when it is refused.</returns>
    public IActorRef? Accept(IFrameConnection connection)
    {
        var address = connection.Remote.Address;
        var requestor = stopping ? null : Gate.Admit(settings.Configuration, address, LeasequeryAccess.Bulk | LeasequeryAccess.Active);
        if (requestor is null)
            return null;
        lock (gate)
        {
            var open = connections.GetValueOrDefault(address);
            var limits = settings.Configuration.Tcp;
            if (open >= limits.MaxConnectionsPerRequestor || sessions.Count >= limits.MaxConnections)
            {
                Gate.Refuse(address, LeasequeryCount.TooManyConnections, $"{open} connections of its own, {sessions.Count} in all");
                return null;
            }

            Counters.Add(LeasequeryCount.Connections);
            connections[address] = open + 1;
            var session = system.ActorOf(Props.Create(() => new LeasequeryConnection(connection, requestor, this)));
            sessions.Add(session);
            return session;
        }
    }

    /// <summary>Takes no more queries and tells every requestor so (QueryTerminated); waits until they have taken it, at most for <paramref name="patience"/>.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        stopping = true;
        events.Unsubscribe(Feed);
        lock (gate)
        {
            foreach (var session in sessions)
                session.Tell(LeasequeryConnection.TerminateQueries.Instance);
            if (sessions.Count == 0)
                return;
            emptied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await Task.WhenAny(emptied.Task, Task.Delay(patience));
    }

    internal void OnConnectionEnded(IFrameConnection connection, IActorRef session)
    {
        var address = connection.Remote.Address;
        lock (gate)
        {
            sessions.Remove(session);
            if (sessions.Count == 0)
                emptied?.TrySetResult();
            if (connections.TryGetValue(address, out var open) && open > 1)
                connections[address] = open - 1;
            else
                connections.Remove(address);
        }
    }
}

using System.Linq.Expressions;
using System.Net;
using Akka.Actor;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Actors.Scheduling;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Leasequery;

/// <summary>
/// Leasequery of this node: over UDP, bulk and active. Its actors have a dispatcher of their own, so that a flood of queries takes no turn from the bindings (docs/decisions/0004), and it reads
/// the tables on connections of its own.
/// </summary>
public sealed class LeasequeryService
{
    // What waits beyond this is older than a requestor's patience.
    private const int UdpQueue = 1024;

    /// <summary>Name of the dispatcher that runs the service's actors, in the actor system's configuration.</summary>
    public const string Dispatcher = "lease.leasequery-dispatcher";

    private readonly Dictionary<IPAddress, int> connections = [];
    private readonly List<IActorRef> sessions = [];
    private readonly Lock gate = new();
    private readonly ActorSystem system;
    private readonly IActorRef responder;
    private readonly MailboxBound udpMailbox = new(UdpQueue);
    private readonly TimeProvider time;
    private volatile LeasequerySettings settings;
    private volatile bool stopping;
    private TaskCompletionSource? emptied;

    /// <summary>Starts the service.</summary>
    /// <param name="system">Runs its actors.</param>
    /// <param name="time">The node's clock.</param>
    /// <param name="settings">The configuration.</param>
    /// <param name="tables">The tables.</param>
    /// <param name="log">The event log.</param>
    /// <param name="secret">A secret of this server, the same after a restart.</param>
    /// <param name="events">Where the journal publishes what it committed.</param>
    /// <param name="logger">For the log.</param>
    public LeasequeryService(
        ActorSystem system, TimeProvider time, LeasequerySettings settings, IBindingQueries tables, IEventLog log, byte[] secret, CommittedEvents events, ILogger logger)
    {
        this.system = system;
        this.time = time;
        this.settings = settings;
        Tables = tables;
        Log = log;
        Logger = logger;
        Gate = new LeasequeryGate(time, Counters, Logger);
        var cookies = new LeasequeryCookie(secret);
        responder = StartActor(() => new UdpResponder(tables, log, cookies, Gate, Counters, udpMailbox, time, Logger), "leasequery-udp");
        Feed = StartActor(() => new ActiveFeed(tables, log, events), "leasequery-feed");
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

    internal TimeProvider Time => time;

    internal ILogger Logger { get; }

    internal LeasequeryGate Gate { get; }

    internal IActorRef Feed { get; }

    /// <summary>Takes a LEASEQUERY over UDP, on the socket's thread. The datagram is the service's from now on.</summary>
    public void Handle(Datagram datagram, in RelayChain chain, in Dhcp6Message message)
    {
        if (!stopping && UdpQuery.Admit(datagram, chain, message, settings, Gate, Counters) is { } query)
            Tell(query, datagram);
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
        Tell(new Dhcp4UdpQuery(datagram, chain, place, requestor, settings, dhcp4, origin, Counters), datagram);
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

            // By its type: Props of an expression compile it for each connection.
            var session = system.ActorOf(Props.Create<LeasequeryConnection>(connection, requestor, this).WithDispatcher(Dispatcher));
            sessions.Add(session);
            return session;
        }
    }

    /// <summary>Takes no more queries and tells every requestor so (QueryTerminated); waits until they have taken it, at most for <paramref name="patience"/>.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        stopping = true;
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

    private void Tell(object query, Datagram datagram)
    {
        if (udpMailbox.TryEnter())
        {
            responder.Tell(query, ActorRefs.NoSender);
            return;
        }

        Counters.Add(LeasequeryCount.Overload);
        datagram.Release();
    }

    private IActorRef StartActor<T>(Expression<Func<T>> factory, string name)
        where T : ActorBase
        => system.ActorOf(Props.Create(factory).WithDispatcher(Dispatcher), name);

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

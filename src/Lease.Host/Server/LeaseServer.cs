using Lease.Actors.Allocation;
using Lease.Actors.Bindings;
using Lease.Actors.Cluster;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Actors.Dhcp6;
using Lease.Actors.Leasequery;
using Lease.Host.Configuration;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Protocol.Dhcp6;
using Lease.Storage;
using Lease.Transport.Links;
using Lease.Transport.Tcp;
using Lease.Transport.Udp;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Server;

/// <summary>A node: store, actors and sockets put together, in the order in which they can be used.</summary>
internal sealed class LeaseServer : IAsyncDisposable
{
    // For requestors to take the last message of their queries.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly IHost host;
    private readonly Akka.Actor.ActorSystem actors;
    private readonly ActorSystem system;
    private readonly ILeaseStore store;
    private readonly CommittedEvents committed;
    private readonly LimitedLogs logs;

    // What all nodes agree on, and whether there may be others.
    private readonly string fingerprint;
    private readonly bool isShared;
    private readonly ShardRegion region;
    private readonly Dhcp6Intake intake;
    private readonly Dhcp6Counters counters;
    private readonly ILogger logger;
    private readonly LeasequeryService leasequery;
    private readonly Dhcp6Settings settings;
    private readonly Dhcp4Side dhcp4;
    private readonly PacketForwarder forwarder;
    private readonly TaskCompletionSource replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IActorRef? member;
    private UdpServer? udp;
    private TcpServer? tcp;

    private LeaseServer(
        LeaseConfiguration configuration, byte[] serverDuid, IHost host, ActorSystem system, ILeaseStore store, CommittedEvents committed, LimitedLogs loggers)
    {
        this.host = host;
        actors = host.Services.GetRequiredService<Akka.Actor.ActorSystem>();
        logs = loggers;
        this.system = system;
        this.store = store;
        this.committed = committed;
        fingerprint = ClusterFingerprint.Of(configuration.Dhcp6, configuration.Dhcp4, store.Meta.ShardCount);
        isShared = configuration.Storage.PostgresConnection is not null;
        logger = loggers.CreateLogger("Lease.Server");
        Failed = Task.WhenAny(replaced.Task, store.Lost);
        counters = new Dhcp6Counters();
        var leaseLog = loggers.CreateLogger("Lease.Dhcp6");
        var options = new ShardRegionOptions { ShardCount = store.Meta.ShardCount };
        region = ShardRegion.Start(
            system, "binding", options, new BindingExtractor(), (key, shard) => new BindingActor(key, shard, store, store, system.TimeProvider, leaseLog));
        region.Tenure = isShared ? new Tenure(system.TimeProvider) : null;
        settings = new Dhcp6Settings(configuration.Dhcp6, serverDuid);
        leasequery = new LeasequeryService(
            actors,
            system.TimeProvider,
            new LeasequerySettings(configuration.Leasequery, settings, configuration.Dhcp4),
            store,
            store,
            store.Meta.ClusterId.ToByteArray(),
            committed,
            loggers.CreateLogger("Lease.Leasequery"));
        dhcp4 = new Dhcp4Side(configuration, system, region, leasequery, () => intake?.Settings, loggers.CreateLogger("Lease.Dhcp4"));
        intake = new Dhcp6Intake(system, region, leasequery, dhcp4.Service, counters, leaseLog);
        forwarder = new PacketForwarder(new ClusterDirectory(configuration.Node.Id, store.Meta.ShardCount), region, intake, dhcp4.BehindOther, system.TimeProvider);
    }

    /// <summary>Figures of the DHCPv6 service.</summary>
    public Dhcp6Counters Counters => counters;

    /// <summary>Figures of the DHCPv4 service.</summary>
    public Dhcp4Counters Dhcp4Counters => dhcp4.Counters;

    /// <summary>The UDP port that is served; 0 when another program's DHCPv6 server stands in front.</summary>
    public int Port => udp?.Port ?? 0;

    /// <summary>The TCP port on which bulk and active leasequery are served; 0 for none.</summary>
    public int LeasequeryPort => tcp?.Port ?? 0;

    /// <summary>
    /// Ends when this node serves nothing any more: another process has taken its name, or its store is lost. The log says which.
    /// </summary>
    public Task Failed { get; }

    /// <summary>Figures of leasequery.</summary>
    public LeasequeryCounters LeasequeryCounters => leasequery.Counters;

    /// <summary>The tables.</summary>
    public ILeaseStore Store => store;

    /// <summary>Calls <paramref name="take"/> with every committed batch until the result is disposed.</summary>
    public IDisposable Watch(Action<JournalCommitted> take)
    {
        var watcher = actors.ActorOf(Akka.Actor.Props.Create(() => new Watcher(take)));
        actors.EventStream.Subscribe(watcher, typeof(JournalCommitted));
        committed.Follow();
        return new Subscription(this, watcher);
    }

    /// <summary>Opens the store, claims the shards, then listens. A database that cannot be reached, or is lost meanwhile, is waited for: after a power failure a node may be up before it.</summary>
    /// <exception cref="IOException">The store or a socket cannot be opened; the message says which and why.</exception>
    /// <exception cref="OperationCanceledException">It was told to end while it waited for its database, or for nodes with another configuration.</exception>
    public static async Task<LeaseServer> StartAsync(
        LeaseConfiguration configuration,
        DataFolder place,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellation = default)
    {
        for (string? told = null; ;)
        {
            try
            {
                return await TryStartAsync(configuration, place, time, loggers, cancellation);
            }
            catch (StoreException e) when (e.IsUnreachable)
            {
                if (e.Message != told)
                    loggers.CreateLogger("Lease.Storage").WaitingForStore(e.Message);
                told = e.Message;
                await Task.Delay(Pause, time, cancellation);
            }
        }
    }

    /// <summary>Answers by another configuration from the next packet and query on. Sockets, certificate files and the retention stay as they are.</summary>
    /// <exception cref="IOException">The other nodes of the cluster would not agree, or the store cannot be reached: nothing has changed.</exception>
    public async Task ReconfigureAsync(LeaseConfiguration configuration)
    {
        if (isShared && ClusterFingerprint.Of(configuration.Dhcp6, configuration.Dhcp4, store.Meta.ShardCount) != fingerprint)
            throw new IOException("subnets, pools, their client-class and server-id must be the same on all nodes of the cluster and cannot change while they serve: restart the nodes one after the other with the new configuration");
        var next = new Dhcp6Settings(configuration.Dhcp6, await ServerIdentity.DuidAsync(store, configuration.Dhcp6, system.TimeProvider));
        intake.Settings = next;
        dhcp4.Configure(configuration, next);
        leasequery.Settings = new LeasequerySettings(configuration.Leasequery, next, configuration.Dhcp4);
    }

    /// <summary>Every counter that is not zero.</summary>
    public IEnumerable<(string Name, long Value)> AllCounters()
    {
        foreach (var counter in counters.NonZero().Concat(dhcp4.Counters.NonZero()).Concat(leasequery.Counters.NonZero()))
            yield return counter;
        foreach (var counter in forwarder.Counters().Where(static c => c.Value != 0))
            yield return counter;
        (string, long)[] others =
        [
            ("udp.received", udp?.Counters.Received ?? 0),
            ("udp.sent", udp?.Counters.Sent ?? 0),
            ("udp.send-errors", udp?.Counters.SendErrors ?? 0),
            ("udp.receive-errors", udp?.Counters.ReceiveErrors ?? 0),
            ("udp.dropped.Overload", udp?.Counters.Overload ?? 0),
            ("udp.held-octets", udp?.Held ?? 0),
            ("tcp.accepted", tcp?.Counters.Accepted ?? 0),
            ("tcp.refused", tcp?.Counters.Refused ?? 0),
            ("tcp.failed", tcp?.Counters.Failed ?? 0),
            ("tcp.frames", tcp?.Counters.Frames ?? 0),
            ("tcp.octets-sent", tcp?.Counters.OctetsSent ?? 0),
            ("tcp.open", leasequery.OpenConnections),
            ("journal.batches", store.Counters.Batches),
            ("journal.committed", store.Counters.Committed),
            ("journal.conflicts", store.Counters.Conflicts),
            ("journal.failed", store.Counters.Failed),
            ("journal.fenced", store.Counters.Fenced),
            ("journal.refused", store.Counters.Refused),
            ("journal.loads", store.Counters.Loads),
            ("journal.spared-loads", store.Counters.SparedLoads),
            ("bindings.live", region.Counters.Live),
            ("bindings.started", region.Counters.Started),
            ("bindings.passivated", region.Counters.Passivated),
            ("process.gc.gen0", GC.CollectionCount(0)),
            ("process.gc.gen1", GC.CollectionCount(1)),
            ("process.gc.gen2", GC.CollectionCount(2)),
            ("process.gc.pause-ms", (long)GC.GetTotalPauseDuration().TotalMilliseconds),
            ("process.allocated-mib", GC.GetTotalAllocatedBytes() >> 20),
            ("process.working-set-mib", Environment.WorkingSet >> 20),
        ];
        foreach (var counter in others)
        {
            if (counter.Item2 != 0)
                yield return counter;
        }
    }

    /// <summary>
    /// Commits what is under way (a client that has no answer yet asks again), gives the shards up, tells requestors the last of it, and meanwhile sends packets on to who has the shards now; takes no more
    /// packets, closes the store.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (member is not null)
            await member.Ask<LeftCluster>(LeaveCluster.Instance, Timeout.InfiniteTimeSpan);
        await leasequery.StopAsync(LastWords);
        intake.Settings = null;
        dhcp4.Stop();
        udp?.Dispose();
        if (tcp is not null)
            await tcp.DisposeAsync();
        forwarder.Dispose();
        dhcp4.Dispose();
        await DisposeAsync(host, system, store, logs);
    }

    private static async Task<LeaseServer> TryStartAsync(
        LeaseConfiguration configuration, DataFolder place, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var leaseTime = new ClusterTime(time);
        var logs = new LimitedLogs(loggers, time);
        var system = ActorSystem.Create("lease", new ActorSystemOptions { TimeProvider = leaseTime, LoggerFactory = logs });
        var host = AkkaSetup.Build(leaseTime, logs);
        ILeaseStore? store = null;
        LeaseServer? server = null;
        try
        {
            await host.StartAsync(cancellation);
            var committed = new CommittedEvents(host.Services.GetRequiredService<Akka.Actor.ActorSystem>().EventStream.Publish);
            store = await Stores.OpenAsync(configuration, place, (time, leaseTime), system, committed, logs);
            var duid = await ServerIdentity.DuidAsync(store, configuration.Dhcp6, time);
            server = new LeaseServer(configuration, duid, host, system, store, committed, logs);
            await server.OpenAsync(configuration, leaseTime, logs, cancellation);
            return server;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            if (server is not null)
                await server.DisposeAsync();
            else
                await DisposeAsync(host, system, store, logs);
            throw;
        }
    }

    private static async Task DisposeAsync(IHost host, ActorSystem system, ILeaseStore? store, LimitedLogs logs)
    {
        await host.StopAsync();
        host.Dispose();
        await system.DisposeAsync();
        if (store is not null)
            await store.DisposeAsync();
        logs.Dispose();
    }

    private async Task OpenAsync(
        LeaseConfiguration configuration, ClusterTime leaseTime, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var clusterLog = loggers.CreateLogger("Lease.Cluster");
        var address = isShared && configuration.Node.Link is { } link ? forwarder.Open(new LinkIdentity(store.Meta.ClusterId, configuration.Node.Id), link, clusterLog) : "";
        var node = new ClusterNode(configuration.Node.Id, address, fingerprint, () => replaced.TrySetResult())
        {
            Time = isShared ? leaseTime : null,
            Viewed = forwarder.Update,
        };
        member = system.ActorOf(
            Props.Create(() => new ClusterMember(node, store, region, grant => new ShardAllocator(grant.Shard, store, system.TimeProvider), clusterLog)), "cluster");
        await node.Placed.Task.WaitAsync(cancellation);
        logger.ServerDuid(Duid.ToText(settings.ServerDuid));
        intake.Settings = settings;
        dhcp4.Configure(configuration, settings);
        var expiryLog = loggers.CreateLogger("Lease.Dhcp6");
        actors.ActorOf(
            Akka.Actor.Props.Create(() => new ExpiryScanner(store, region, ConfigurationOf, system.TimeProvider, expiryLog)), "expiry");
        system.ActorOf(Props.Create(() => new DeclinedLimit(region)), "declined");
        var listen = configuration.Dhcp6.Interfaces.Select(static i => new UdpListen(i.Name, i.Unicast)).ToArray();
        var transportLog = loggers.CreateLogger("Lease.Transport");
        dhcp4.Open(transportLog);
        if (listen.Length > 0 || configuration.Dhcp4 is not { Dhcp4o6Port: > 0 })
            udp = UdpServer.Start(listen, configuration.Dhcp6.ServerPort, intake, system.TimeProvider, transportLog);
        await StartTcpAsync(configuration.Leasequery, transportLog);
    }

    private ServiceConfiguration? ConfigurationOf(EntityKey key) => BindingKey.IsIpv4(key.Bytes) ? dhcp4.Configuration : intake.Settings?.Configuration;

    private async Task StartTcpAsync(LeasequeryConfiguration configuration, ILogger log)
    {
        var limits = configuration.Tcp;
        if (limits.Addresses.Count == 0)
            return;
        var options = new TcpServerOptions
        {
            Addresses = limits.Addresses,
            Port = limits.Port,
            Dispatcher = LeasequeryService.Dispatcher,
            FrameTimeout = limits.FrameTimeout,
            Certificates = configuration.Tls is { } files
                ? TlsCertificates.Load(files.CertificateFile, files.KeyFile, files.AuthoritiesFile, system.TimeProvider, log)
                : null,
        };
        tcp = await TcpServer.StartAsync(actors, options, leasequery.Accept, log);
    }

    private sealed class Watcher : Akka.Actor.ReceiveActor
    {
        public Watcher(Action<JournalCommitted> take) => Receive(take);
    }

    private sealed class Subscription(LeaseServer server, Akka.Actor.IActorRef watcher) : IDisposable
    {
        public void Dispose()
        {
            server.committed.Unfollow();
            server.actors.Stop(watcher);
        }
    }
}

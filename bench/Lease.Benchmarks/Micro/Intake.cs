using BenchmarkDotNet.Attributes;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Actors.Dhcp6;
using Lease.Actors.Leasequery;
using Lease.Actors.Tests.Leasequery;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.TestKit;
using Lease.Protocol.Tests;
using Lease.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Benchmarks.Micro;

/// <summary>What the receive thread does with a packet: from its octets to the exchange that goes to the binding's shard. Packets of tests/golden, a thousand subnets.</summary>
[MemoryDiagnoser]
public class Intake : IActorRef
{
    private readonly ServedNetwork network = new();
    private readonly TestKit kit = new();
    private byte[] packet = [];
    private Dhcp6Intake intake = null!;
    private long taken;

    [Params("solicit-dhclient", "request-dhclient", "relay-forw-two-hops")]
    public string Packet { get; set; } = "";

    [Params(0, 10)]
    public int Classes { get; set; }

    string IActorRef.Path => "/benchmark";

    [GlobalSetup]
    public void Start()
    {
        packet = Golden.Packet(Packet);
        intake = IntakeFor(kit, this, ServedNetwork.Settings(1000, Classes == 0 ? null : Classification.TenClasses()));
        Handle();
        if (taken == 0)
            throw new InvalidDataException($"{Packet} was dropped");
    }

    [Benchmark]
    public void Handle() => intake.Handle(network.Receive(packet));

    [GlobalCleanup]
    public void Stop() => kit.DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>The intake of a service whose leasequery has empty tables, and which serves no DHCPv4.</summary>
    internal static Dhcp6Intake IntakeFor(TestKit kit, IActorRef region, Dhcp6Settings settings)
    {
        var tables = new MemoryTables(kit.Time);
        var actors = new ScenarioKit(kit.Time).Sys;
        var leasequery = new LeasequeryService(
            actors, kit.Time, new LeasequerySettings(new LeasequeryConfiguration(), settings), tables, tables, [1], new CommittedEvents(actors.EventStream.Publish), NullLogger.Instance);
        var dhcp4 = new Dhcp4Intake(region, leasequery, new Dhcp4Counters(), NullLogger.Instance);
        return new Dhcp6Intake(kit.Sys, region, leasequery, dhcp4, new Dhcp6Counters(), NullLogger.Instance) { Settings = settings };
    }

    void IActorRef.Tell(object message, IActorRef? sender)
    {
        ((ClientExchange)message).Datagram.Release();
        taken++;
    }
}

using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Lease.Actors.Allocation;
using Lease.Actors.Bindings;
using Lease.Actors.Dhcp6;
using Lease.Actors.Tests;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Peers.Dhcp6;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Benchmarks.Micro;

/// <summary>A client's exchange through all of the server but sockets and disk, on one thread: intake, shard, the binding's actor, planner, a journal in memory, reply.</summary>
[MemoryDiagnoser]
public class Exchange
{
    private readonly ServedNetwork network = new();
    private readonly TestKit kit = new();
    private Dhcp6Intake intake = null!;
    private byte[] solicit = [];
    private byte[] request = [];
    private byte[] renew = [];
    private uint transaction;

    [GlobalSetup]
    public void Bind()
    {
        var rows = new MemoryRows();
        var region = ShardRegion.Start(
            kit.Sys, "binding", new ShardRegionOptions { ShardCount = 1 }, new BindingExtractor(), (key, shard) => new BindingActor(key, shard, rows, rows, kit.Time, NullLogger.Instance));
        region.StartShard(new ShardGrant(0, 1, 0), new ShardAllocator(0, new FakeSlices(), kit.Time));
        intake = Micro.Intake.IntakeFor(kit, region, ServedNetwork.Settings(subnets: 1));
        network.Keeps = true;
        var asked = new ClientRequest { Type = MessageType.Solicit, ClientId = FillCommand.DuidOf(1), Associations = [(OptionCode.IaNa, 1)], Requested = [OptionCode.DnsServers] };
        solicit = OctetsOf(asked);
        Send(solicit);
        var leased = asked with { Type = MessageType.Request, ServerId = ServedNetwork.ServerDuid, Leases = [.. Answer().Leases] };
        request = OctetsOf(leased);
        renew = OctetsOf(leased with { Type = MessageType.Renew });
        Send(request);
        if (!Answer().Leases.Any(static l => l.Valid == 4000))
            throw new InvalidDataException("no lease");
        network.Keeps = false;
    }

    [Benchmark]
    public void SolicitAdvertiseRequestReply()
    {
        Send(solicit);
        Send(request);
    }

    [Benchmark]
    public void RenewReply() => Send(renew);

    [GlobalCleanup]
    public void Stop() => kit.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static byte[] OctetsOf(ClientRequest message)
    {
        var buffer = new byte[300];
        return buffer[..message.Write(buffer)];
    }

    private ServerReply Answer() => ServerReply.TryParse(network.Sent.Span) ?? throw new InvalidDataException("no answer");

    // Each with a transaction-id of its own: a copy of a message would be answered without a commit.
    private void Send(byte[] message)
    {
        transaction = (transaction + 1) & 0xffffff;
        BinaryPrimitives.WriteUInt32BigEndian(message, ((uint)message[0] << 24) | transaction);
        intake.Handle(network.Receive(message));
    }
}

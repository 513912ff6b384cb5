using BenchmarkDotNet.Attributes;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Leasequery;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;

namespace Lease.Benchmarks.Micro;

/// <summary>From rows of the binding table to what a requestor gets: 16 clients as LEASEQUERY-DATA of a bulk answer, or within one LEASEQUERY-REPLY over UDP.</summary>
[MemoryDiagnoser]
public class LeasequeryReplies
{
    private const int Clients = 16;
    private readonly byte[] buffer = new byte[65_536];
    private readonly (byte[] Key, byte[] Payload)[] rows = new (byte[] Key, byte[] Payload)[Clients];
    private readonly QueryReply reply = new(7, FillCommand.DuidOf(1), new LeasequerySettings(new LeasequeryConfiguration(), ServedNetwork.Settings(subnets: 1)), withBaseTime: true);
    private readonly BindingQuery query = new()
    {
        Kind = QueryKinds.ByLink,
        Selection = new BindingSelection.Every(),
        Requested = [OptionCode.LqRelayData, OptionCode.RemoteId],
    };

    [Params(false, true)]
    public bool Relayed { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        for (var i = 0; i < rows.Length; i++)
        {
            var binding = SampleBinding.Of(i, Relayed);
            rows[i] = (BindingKey.ForDuid(binding.ClientId.Span, binding.Link).Bytes.ToArray(), BindingCodec.Encode(binding));
        }
    }

    [Benchmark(OperationsPerInvoke = Clients)]
    public int Bulk()
    {
        var frames = new ClientFrames(buffer, query, reply, SampleBinding.HeardAt) { BaseTime = SampleBinding.HeardAt };
        VisitAll(ref frames);
        return frames.Clients == Clients ? frames.Length : throw new InvalidDataException("a client is missing");
    }

    [Benchmark(OperationsPerInvoke = Clients)]
    public int Udp()
    {
        var client = new ClientDataWriter(query, new DraftCodePoints(), SampleBinding.HeardAt);
        var packer = new ReplyPacker(new Dhcp6Writer(buffer), query, client, long.MaxValue) { Limit = buffer.Length, CookieRoom = LeasequeryCookie.Size };
        VisitAll(ref packer);
        return packer.Taken == Clients ? packer.Writer.Length : throw new InvalidDataException("a client is missing");
    }

    private void VisitAll<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        for (var i = 0; i < rows.Length; i++)
            visitor.Visit(new BindingRecord { RowId = i + 1, Shard = 0, Sequence = i + 1, ChangedAt = SampleBinding.HeardAt, Key = rows[i].Key, Payload = rows[i].Payload });
    }
}

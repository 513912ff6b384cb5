using BenchmarkDotNet.Attributes;
using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Benchmarks.Micro;

/// <summary>The stored form of a binding: written with every commit, decoded when its actor starts, looked at in place by queries.</summary>
[MemoryDiagnoser]
public class BindingCoding
{
    private Binding binding = null!;
    private EntityKey key = null!;
    private byte[] payload = [];

    [Params(false, true)]
    public bool Relayed { get; set; }

    [GlobalSetup]
    public void Make()
    {
        binding = SampleBinding.Of(1, Relayed);
        key = BindingKey.ForDuid(binding.ClientId.Span, binding.Link);
        payload = BindingCodec.Encode(binding);
    }

    [Benchmark]
    public byte[] Encode() => BindingCodec.Encode(binding);

    [Benchmark]
    public Binding Decode() => BindingCodec.Decode(key, payload);

    [Benchmark]
    public LeaseKey ViewOneLease() => new BindingView(payload).Lease(0).Key;
}

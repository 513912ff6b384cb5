using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;

namespace Lease.Benchmarks.Micro;

/// <summary>A binding with an address and a prefix.</summary>
internal static class SampleBinding
{
    /// <summary>When its client was last heard of, Unix milliseconds.</summary>
    public const long HeardAt = 1_900_000_000_000;

    /// <summary>The binding of client <paramref name="number"/>, direct or through a relay that said what a query may ask for.</summary>
    public static Binding Of(int number, bool relayed)
    {
        var duid = FillCommand.DuidOf(number);
        var prefix = ServedNetwork.PrefixOn(0, number);
        return new Binding
        {
            Link = "subnet-1",
            ClientId = duid,
            LastTransactionAt = HeardAt,
            LinkLayerAddress = duid.AsMemory(2),
            Leases =
            [
                new BoundLease(IaKind.NonTemporary, 1, new LeaseKey(ServedNetwork.AddressOn(0, (ulong)number).Value, 128), LeasePhase.Active, 1, 3000, 4000, HeardAt),
                new BoundLease(IaKind.PrefixDelegation, 1, new LeaseKey(prefix.Address.Value, prefix.Length), LeasePhase.Active, 1, 3000, 4000, HeardAt),
            ],
            Relay = relayed ? new RelayData(1, new byte[80], [0, 0, 0, 9, .. "port-17"u8], [[0, 3, 0, 1, 2, 0, 0, 0, 0, 1]]) : null,
        };
    }
}

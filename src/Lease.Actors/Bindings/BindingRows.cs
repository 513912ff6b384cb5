using System.Buffers.Binary;
using Lease.Kernel.Persistence;

namespace Lease.Actors.Bindings;

/// <summary>What the journal stores of a binding.</summary>
internal static class BindingRows
{
    /// <summary>The row that stores <paramref name="binding"/>.</summary>
    public static BindingRow RowOf(Binding binding, TimeSpan hold) => new()
    {
        Payload = BindingCodec.Encode(binding),
        Link = binding.Link,
        ExpiresAt = binding.NextDueAt(hold),
        RemoteId = binding.Relay?.RemoteId is { } remoteId ? remoteId : null,
        DeviceId = Leasequery.DeviceId.Of(binding),
        RelayIds = binding.Relay is { } relay ? [.. relay.RelayIds.Select(static id => (ReadOnlyMemory<byte>)id)] : [],
    };

    /// <summary>The event's payload: cause u8 (the message's type, or 0 for a lease's end), number of leases u8, each: state u8, address 16, length u8, ports u32.</summary>
    public static byte[] EventOf(byte cause, ReadOnlySpan<LeaseChange> changes)
    {
        var payload = new byte[2 + (changes.Length * 22)];
        payload[0] = cause;
        payload[1] = (byte)Math.Min(changes.Length, byte.MaxValue);
        for (var i = 0; i < changes.Length; i++)
        {
            var entry = payload.AsSpan(2 + (i * 22));
            entry[0] = (byte)changes[i].State;
            BinaryPrimitives.WriteUInt128BigEndian(entry[1..], changes[i].Key.Address);
            entry[17] = changes[i].Key.Length;
            BinaryPrimitives.WriteUInt32BigEndian(entry[18..], changes[i].Key.Ports);
        }

        return payload;
    }
}

using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Lease.Kernel.Sharding;

namespace Lease.Actors.Bindings;

/// <summary>
/// The payload of a binding row. Layout (network order): version u8 = 1 (DHCPv6) or 2 (DHCPv4); last transaction i64 (Unix ms); link-layer address (u8 length);
/// client options (u16 length); relay flag u8, when 1: peer-address 16, RELAY-FORW (u16 length), remote-id (u16 length, 0xffff none), number of relay-ids
/// u8, each (u8 length); number of leases u16, each: IA kind u8, IAID u32, address 16, length u8, ports u32, phase u8, subnet u32, preferred
/// u32 s, valid u32 s, changed i64 (Unix ms), probation end i64 (Unix ms). Client id and link are in the row's key.
/// Version 2, of DHCPv4 bindings, has behind that: tunnel source flag u8, when 1: address 16; DHCPv4 options (u16 length).
/// At the end: type and id of the last transaction i64, which a program before it neither wrote nor missed.
/// A new layout gets a new version number; every older one stays readable.
/// </summary>
public static class BindingCodec
{
    /// <summary>Of a DHCPv6 binding.</summary>
    internal const byte Dhcp6Version = 1;

    /// <summary>Of a DHCPv4 binding.</summary>
    internal const byte Dhcp4Version = 2;

    private const ushort None = 0xffff;

    /// <summary>Encodes <paramref name="binding"/>.</summary>
    public static byte[] Encode(Binding binding)
    {
        var writer = new PayloadWriter(stackalloc byte[1024]);
        writer.U8(binding.Ipv4 is null ? Dhcp6Version : Dhcp4Version);
        writer.I64(binding.LastTransactionAt);
        writer.Short(binding.LinkLayerAddress.Span);
        writer.Long(binding.ClientOptions.Span);
        EncodeRelay(ref writer, binding.Relay);
        writer.U16((ushort)binding.Leases.Length);
        foreach (var lease in binding.Leases)
            EncodeLease(ref writer, lease);
        if (binding.Ipv4 is { } ipv4)
            EncodeIpv4(ref writer, ipv4);
        writer.I64(binding.LastTransaction);
        return writer.ToArrayAndRelease();
    }

    /// <summary>Decodes a row's payload.</summary>
    /// <exception cref="InvalidDataException">The payload is of an unknown version or damaged.</exception>
    public static Binding Decode(EntityKey key, ReadOnlySpan<byte> payload)
    {
        var view = new BindingView(payload);
        var leases = new BoundLease[view.LeaseCount];
        for (var i = 0; i < leases.Length; i++)
            leases[i] = view.Lease(i).ToBoundLease();
        return new Binding
        {
            Link = BindingKey.LinkOf(key),
            ClientId = BindingKey.IdentityOf(key),
            LastTransactionAt = view.LastTransactionAt,
            LastTransaction = view.LastTransaction,
            LinkLayerAddress = view.LinkLayerAddress.ToArray(),
            ClientOptions = view.ClientOptions.ToArray(),
            Relay = view.IsRelayed ? DecodeRelay(view) : null,
            Leases = ImmutableCollectionsMarshal.AsImmutableArray(leases),
            Ipv4 = view.IsIpv4 ? new Ipv4Data(view.HasTunnelSource ? view.TunnelSource : null, view.Ipv4Options.ToArray()) : null,
        };
    }

    private static void EncodeRelay(ref PayloadWriter writer, RelayData? relay)
    {
        writer.U8(relay is null ? (byte)0 : (byte)1);
        if (relay is null)
            return;
        writer.U128(relay.PeerAddress);
        writer.Long(relay.Forward);
        if (relay.RemoteId is null)
            writer.U16(None);
        else
            writer.Long(relay.RemoteId);
        writer.U8((byte)relay.RelayIds.Count);
        foreach (var id in relay.RelayIds)
            writer.Short(id);
    }

    private static void EncodeIpv4(ref PayloadWriter writer, Ipv4Data ipv4)
    {
        writer.U8(ipv4.TunnelSource is null ? (byte)0 : (byte)1);
        if (ipv4.TunnelSource is { } source)
            writer.U128(source.Value);
        writer.Long(ipv4.Options);
    }

    private static RelayData DecodeRelay(in BindingView view)
        => new(view.PeerAddress, view.Forward.ToArray(), view.HasRemoteId ? view.RemoteId.ToArray() : null, view.CopyRelayIds());

    private static void EncodeLease(ref PayloadWriter writer, BoundLease lease)
    {
        writer.U8((byte)lease.Kind);
        writer.U32(lease.Iaid);
        writer.U128(lease.Key.Address);
        writer.U8(lease.Key.Length);
        writer.U32(lease.Key.Ports);
        writer.U8((byte)lease.Phase);
        writer.U32(lease.Subnet);
        writer.U32(lease.Preferred);
        writer.U32(lease.Valid);
        writer.I64(lease.ChangedAt);
        writer.I64(lease.ProbationEndsAt);
    }

    // Grows onto a pooled array when the caller's stack buffer is too small, so that no binding is too large to be stored.
    private ref struct PayloadWriter(Span<byte> buffer)
    {
        private Span<byte> buffer = buffer;
        private byte[]? rented;
        private int length;

        public void U8(byte value) => Take(1)[0] = value;

        public void U16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

        public void U32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

        public void I64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

        public void U128(UInt128 value) => BinaryPrimitives.WriteUInt128BigEndian(Take(16), value);

        public void Short(ReadOnlySpan<byte> value)
        {
            U8(checked((byte)value.Length));
            value.CopyTo(Take(value.Length));
        }

        public void Long(ReadOnlySpan<byte> value)
        {
            U16(checked((ushort)value.Length));
            value.CopyTo(Take(value.Length));
        }

        public byte[] ToArrayAndRelease()
        {
            var result = buffer[..length].ToArray();
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
            return result;
        }

        private Span<byte> Take(int size)
        {
            if (length + size > buffer.Length)
                Grow(size);
            length += size;
            return buffer.Slice(length - size, size);
        }

        private void Grow(int size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + size));
            buffer[..length].CopyTo(larger);
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
            rented = larger;
            buffer = larger;
        }
    }
}

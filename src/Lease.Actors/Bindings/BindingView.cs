using System.Buffers.Binary;
using Lease.Kernel.Persistence;
using Lease.Protocol;

namespace Lease.Actors.Bindings;

/// <summary>
/// A binding row's payload read in place, without a copy: for queries, which see millions of rows. The layout is <see cref="BindingCodec"/>'s.
/// </summary>
public readonly ref struct BindingView
{
    private const ushort None = 0xffff;

    private readonly ReadOnlySpan<byte> relayIds;
    private readonly ReadOnlySpan<byte> leases;

    /// <summary>Reads the payload.</summary>
    /// <exception cref="InvalidDataException">The payload is of an unknown version or damaged.</exception>
    public BindingView(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        var version = reader.U8();
        if (version is not (BindingCodec.Dhcp6Version or BindingCodec.Dhcp4Version))
            throw new InvalidDataException($"binding payload of version {version}; this program knows {BindingCodec.Dhcp6Version} and {BindingCodec.Dhcp4Version}");
        IsIpv4 = version == BindingCodec.Dhcp4Version;
        LastTransactionAt = reader.I64();
        LinkLayerAddress = reader.Span(reader.U8());
        ClientOptions = reader.Span(reader.U16());
        IsRelayed = reader.U8() != 0;
        if (IsRelayed)
        {
            PeerAddress = reader.U128();
            Forward = reader.Span(reader.U16());
            var remoteLength = reader.U16();
            HasRemoteId = remoteLength != None;
            RemoteId = HasRemoteId ? reader.Span(remoteLength) : default;
            RelayIdCount = reader.U8();
            var rest = reader.Rest;
            for (var i = 0; i < RelayIdCount; i++)
                reader.Span(reader.U8());
            relayIds = rest[..^reader.Rest.Length];
        }

        LeaseCount = reader.U16();
        leases = reader.Span(LeaseCount * LeaseView.Size);
        if (IsIpv4)
        {
            HasTunnelSource = reader.U8() != 0;
            if (HasTunnelSource)
                TunnelSource = new Ipv6Address(reader.U128());
            Ipv4Options = reader.Span(reader.U16());
        }

        if (!reader.Rest.IsEmpty)
            LastTransaction = reader.I64();
    }

    /// <summary>As <see cref="Binding.LastTransactionAt"/>.</summary>
    public long LastTransactionAt { get; }

    /// <summary>As <see cref="Binding.LastTransaction"/>.</summary>
    public long LastTransaction { get; }

    /// <summary>As <see cref="Binding.LinkLayerAddress"/>.</summary>
    public ReadOnlySpan<byte> LinkLayerAddress { get; }

    /// <summary>As <see cref="Binding.ClientOptions"/>.</summary>
    public ReadOnlySpan<byte> ClientOptions { get; }

    /// <summary>Whether the relays' data is kept.</summary>
    public bool IsRelayed { get; }

    /// <summary>As <see cref="RelayData.PeerAddress"/>.</summary>
    public UInt128 PeerAddress { get; }

    /// <summary>As <see cref="RelayData.Forward"/>.</summary>
    public ReadOnlySpan<byte> Forward { get; }

    /// <summary>Whether a relay gave a remote-id.</summary>
    public bool HasRemoteId { get; }

    /// <summary>As <see cref="RelayData.RemoteId"/>.</summary>
    public ReadOnlySpan<byte> RemoteId { get; }

    /// <summary>Number of relay-ids.</summary>
    public int RelayIdCount { get; }

    /// <summary>Whether this is a DHCPv4 client's binding.</summary>
    public bool IsIpv4 { get; }

    /// <summary>Whether the client gave a tunnel source address.</summary>
    public bool HasTunnelSource { get; }

    /// <summary>As <see cref="Ipv4Data.TunnelSource"/>.</summary>
    public Ipv6Address TunnelSource { get; }

    /// <summary>As <see cref="Ipv4Data.Options"/>.</summary>
    public ReadOnlySpan<byte> Ipv4Options { get; }

    /// <summary>Number of leases, ended ones among them.</summary>
    public int LeaseCount { get; }

    /// <summary>The lease at <paramref name="index"/>, 0..<see cref="LeaseCount"/>-1.</summary>
    public LeaseView Lease(int index) => new(leases.Slice(index * LeaseView.Size, LeaseView.Size));

    /// <summary>Whether a relay had this relay-id.</summary>
    public bool HasRelayId(ReadOnlySpan<byte> relayId)
    {
        var reader = new PayloadReader(relayIds);
        for (var i = 0; i < RelayIdCount; i++)
        {
            if (reader.Span(reader.U8()).SequenceEqual(relayId))
                return true;
        }

        return false;
    }

    /// <summary>Copies the relay-ids.</summary>
    public byte[][] CopyRelayIds()
    {
        var reader = new PayloadReader(relayIds);
        var copies = new byte[RelayIdCount][];
        for (var i = 0; i < copies.Length; i++)
            copies[i] = reader.Span(reader.U8()).ToArray();
        return copies;
    }
}

/// <summary>A lease within a <see cref="BindingView"/>.</summary>
/// <param name="data">Its <see cref="Size"/> octets.</param>
public readonly ref struct LeaseView(ReadOnlySpan<byte> data)
{
    /// <summary>Octets of a lease in the payload.</summary>
    public const int Size = 55;

    private readonly ReadOnlySpan<byte> data = data;

    /// <summary>As <see cref="BoundLease.Kind"/>.</summary>
    public IaKind Kind => (IaKind)data[0];

    /// <summary>As <see cref="BoundLease.Key"/>.</summary>
    public LeaseKey Key => new(BinaryPrimitives.ReadUInt128BigEndian(data[5..]), data[21], BinaryPrimitives.ReadUInt32BigEndian(data[22..]));

    /// <summary>As <see cref="BoundLease.Phase"/>.</summary>
    public LeasePhase Phase => (LeasePhase)data[26];

    /// <summary>As <see cref="BoundLease.Preferred"/>.</summary>
    public uint Preferred => BinaryPrimitives.ReadUInt32BigEndian(data[31..]);

    /// <summary>As <see cref="BoundLease.Valid"/>.</summary>
    public uint Valid => BinaryPrimitives.ReadUInt32BigEndian(data[35..]);

    /// <summary>As <see cref="BoundLease.ChangedAt"/>.</summary>
    public long ChangedAt => BinaryPrimitives.ReadInt64BigEndian(data[39..]);

    /// <summary>The lease as an object.</summary>
    public BoundLease ToBoundLease() => new(
        Kind, BinaryPrimitives.ReadUInt32BigEndian(data[1..]), Key, Phase, BinaryPrimitives.ReadUInt32BigEndian(data[27..]), Preferred, Valid, ChangedAt, BinaryPrimitives.ReadInt64BigEndian(data[47..]));
}

/// <summary>Reads numbers in network order, one after the other.</summary>
/// <param name="payload">What is read.</param>
internal ref struct PayloadReader(ReadOnlySpan<byte> payload)
{
    /// <summary>What has not been read yet.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = payload;

    public byte U8() => Span(1)[0];

    public ushort U16() => BinaryPrimitives.ReadUInt16BigEndian(Span(2));

    public long I64() => BinaryPrimitives.ReadInt64BigEndian(Span(8));

    public UInt128 U128() => BinaryPrimitives.ReadUInt128BigEndian(Span(16));

    public ReadOnlySpan<byte> Span(int size)
    {
        if (size > Rest.Length)
            throw new InvalidDataException($"binding payload ends {size - Rest.Length} octets too early");
        var taken = Rest[..size];
        Rest = Rest[size..];
        return taken;
    }
}

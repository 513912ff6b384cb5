using System.Buffers.Binary;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Tests.Leasequery;

/// <summary>A query as a scripted server received it.</summary>
internal sealed class ReceivedQuery(byte[] octets)
{
    public MessageType Type => (MessageType)octets[0];

    public uint TransactionId => BinaryPrimitives.ReadUInt32BigEndian(octets) & 0xffffff;

    /// <summary>An option of the message; null where it has none.</summary>
    public byte[]? this[OptionCode code] => Message.Options.TryGet(code, out var data) ? data.ToArray() : null;

    /// <summary>The query's link-address; null without LQ_QUERY.</summary>
    public Protocol.Ipv6Address? Link
        => Message.Options.TryGet(OptionCode.LqQuery, out var data) && LqQueryOption.TryRead(new Option(OptionCode.LqQuery, data), out var query) ? query.LinkAddress : null;

    /// <summary>A time option; null where there is none.</summary>
    public uint? Time(OptionCode code) => this[code] is { } data ? BinaryPrimitives.ReadUInt32BigEndian(data) : null;

    private Dhcp6Message Message => Dhcp6Message.TryRead(octets, 0, out var message, out var defect) ? message : throw new InvalidDataException(defect.ToString());
}

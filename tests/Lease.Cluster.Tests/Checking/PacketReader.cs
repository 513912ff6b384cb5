using System.Buffers.Binary;
using System.Net;

namespace Lease.Cluster.Tests.Checking;

/// <summary>
/// Reads captures (the classic pcap format, Ethernet) and the DHCPv6 in them. Written for the checker alone, so that a mistake in the server's own reading cannot hide itself. What is
/// no DHCPv6 over UDP, or is cut off, is passed over; what breaks the format is an error.
/// </summary>
internal static class PacketReader
{
    private const int Ethernet = 14;
    private const int Ipv6 = 40;
    private const int Udp = 8;
    private const int ServerPort = 547;

    /// <summary>All messages of a capture, in the order in which they passed.</summary>
    public static IEnumerable<Packet> ReadCapture(byte[] content)
    {
        if (content.Length < 24)
            yield break;
        var fraction = BinaryPrimitives.ReadUInt32LittleEndian(content) switch
        {
            0xa1b2c3d4 => 1e-6,
            0xa1b23c4d => 1e-9,
            var magic => throw new FormatException($"no pcap file: it begins with {magic:x8}"),
        };
        for (var place = 24; place + 16 <= content.Length;)
        {
            var header = content.AsSpan(place, 16);
            var at = BinaryPrimitives.ReadUInt32LittleEndian(header) + (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) * fraction);
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
            place += 16;
            if (place + length > content.Length)
                yield break;
            if (ReadFrame(at, content.AsSpan(place, length)) is { } packet)
                yield return packet;
            place += length;
        }
    }

    /// <summary>A DHCPv6 message, with its relays around it or without; null when it is none of those that matter.</summary>
    public static Packet? ReadMessage(double at, ReadOnlySpan<byte> message, IPAddress peer)
    {
        var link = IPAddress.IPv6Any;
        while (!message.IsEmpty && (Kind)message[0] is Kind.RelayForward or Kind.RelayReply)
        {
            if (message.Length < 34)
                throw new FormatException("a relay message of less than 34 octets");

            // The innermost relay's link-address says where the client is.
            link = new IPAddress(message.Slice(2, 16));
            if (!TryFind(message[34..], 9, out message))
                return null;
        }

        return message.Length >= 4 && (Kind)message[0] is >= Kind.Solicit and <= Kind.Decline ? ReadClientMessage(at, message, link, peer) : null;
    }

    private static Packet? ReadFrame(double at, ReadOnlySpan<byte> frame)
    {
        if (frame.Length < Ethernet + Ipv6 + Udp || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != 0x86dd || frame[Ethernet + 6] != 17)
            return null;
        var datagram = frame[(Ethernet + Ipv6)..];
        var (source, target) = (BinaryPrimitives.ReadUInt16BigEndian(datagram), BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]));
        var length = BinaryPrimitives.ReadUInt16BigEndian(datagram[4..]);
        if ((source != ServerPort && target != ServerPort) || length < Udp || length > datagram.Length)
            return null;
        var payload = datagram[Udp..length];
        var toServer = payload.Length > 0 && (Kind)payload[0] is not (Kind.RelayReply or Kind.Reply or Kind.Advertise);
        return ReadMessage(at, payload, new IPAddress(frame.Slice(Ethernet + (toServer ? 24 : 8), 16)));
    }

    private static Packet ReadClientMessage(double at, ReadOnlySpan<byte> message, IPAddress link, IPAddress peer)
    {
        var (client, server, status, rapid) = (string.Empty, string.Empty, 0, false);
        var associations = new List<AssociationSeen>();
        for (var rest = message[4..]; TryNext(ref rest, out var code, out var value);)
        {
            switch (code)
            {
                case 1:
                    client = Convert.ToHexStringLower(value);
                    break;
                case 2:
                    server = Convert.ToHexStringLower(value);
                    break;
                case 3 or 25:
                    associations.Add(ReadAssociation(code, value));
                    break;
                case 13:
                    status = BinaryPrimitives.ReadUInt16BigEndian(value);
                    break;
                case 14:
                    rapid = true;
                    break;
            }
        }

        var transaction = (message[1] << 16) | (message[2] << 8) | message[3];
        return new Packet(at, (Kind)message[0], transaction, client, link, peer, status, rapid, associations) { Server = server };
    }

    private static AssociationSeen ReadAssociation(int type, ReadOnlySpan<byte> value)
    {
        var status = 0;
        var leases = new List<LeaseSeen>();
        var rest = value[12..];
        while (TryNext(ref rest, out var code, out var inner))
        {
            switch (code)
            {
                case 5:
                    leases.Add(new LeaseSeen(new Resource(new IPAddress(inner[..16]), 128), BinaryPrimitives.ReadUInt32BigEndian(inner[20..])));
                    break;
                case 26:
                    leases.Add(new LeaseSeen(new Resource(new IPAddress(inner.Slice(9, 16)), inner[8]), BinaryPrimitives.ReadUInt32BigEndian(inner[4..])));
                    break;
                case 13:
                    status = BinaryPrimitives.ReadUInt16BigEndian(inner);
                    break;
            }
        }

        return new AssociationSeen(type, BinaryPrimitives.ReadUInt32BigEndian(value), status, leases);
    }

    private static bool TryFind(ReadOnlySpan<byte> all, int wanted, out ReadOnlySpan<byte> found)
    {
        found = default;
        var options = all;
        while (TryNext(ref options, out var code, out var value))
        {
            if (code != wanted)
                continue;
            found = value;
            return true;
        }

        return false;
    }

    private static bool TryNext(scoped ref ReadOnlySpan<byte> rest, out int code, out ReadOnlySpan<byte> value)
    {
        code = 0;
        value = default;
        if (rest.IsEmpty)
            return false;
        if (rest.Length < 4 || rest.Length < 4 + BinaryPrimitives.ReadUInt16BigEndian(rest[2..]))
            throw new FormatException("an option that is longer than what it is in");
        code = BinaryPrimitives.ReadUInt16BigEndian(rest);
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
        value = rest.Slice(4, length);
        rest = rest[(4 + length)..];
        return true;
    }
}

using System.Buffers.Binary;
using System.Net;
using Lease.Cluster.Tests.Checking;

namespace Lease.Cluster.Tests.Traffic;

/// <summary>What a client sends, in a relay's RELAY-FORW.</summary>
internal sealed class MessageWriter
{
    private readonly List<byte> octets = [];

    public static byte[] Write(Kind kind, int transaction, string client, IPAddress link, byte[] server, IEnumerable<AssociationSeen> associations, int elapsed)
    {
        var inner = new MessageWriter();
        inner.octets.AddRange([(byte)kind, (byte)(transaction >> 16), (byte)(transaction >> 8), (byte)transaction]);
        var duid = Convert.FromHexString(client);
        inner.Option(1, duid);
        if (server.Length > 0)
            inner.Option(2, server);
        inner.Option(8, [(byte)(elapsed >> 8), (byte)elapsed]);
        foreach (var association in associations)
            inner.Association(association);

        var outer = new MessageWriter();
        outer.octets.AddRange([(byte)Kind.RelayForward, 0]);
        outer.octets.AddRange(link.GetAddressBytes());
        outer.octets.AddRange([0xfe, 0x80, 0, 0, 0, 0, 0, 0, .. duid[^8..]]);
        outer.Option(9, [.. inner.octets]);
        return [.. outer.octets];
    }

    private void Association(AssociationSeen association)
    {
        var content = new MessageWriter();
        content.Number(association.Id);
        content.Number(0);
        content.Number(0);
        foreach (var lease in association.Leases)
        {
            var inner = new MessageWriter();
            if (association.Type == 3)
            {
                inner.octets.AddRange(lease.Resource.Address.GetAddressBytes());
                inner.Number(0);
                inner.Number(0);
                content.Option(5, [.. inner.octets]);
                continue;
            }

            inner.Number(0);
            inner.Number(0);
            inner.octets.Add((byte)lease.Resource.Length);
            inner.octets.AddRange(lease.Resource.Address.GetAddressBytes());
            content.Option(26, [.. inner.octets]);
        }

        Option(association.Type, [.. content.octets]);
    }

    private void Option(int code, ReadOnlySpan<byte> value)
    {
        Span<byte> header = stackalloc byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(header, (ushort)code);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)value.Length);
        octets.AddRange(header);
        octets.AddRange(value);
    }

    private void Number(uint value)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(number, value);
        octets.AddRange(number);
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Lease.Protocol.Dhcp4;

/// <summary>
/// OPTION_V4_PORTPARAMS (RFC 7618 section 9): offset u8, PSID length u8, PSID u16 of which the first bits count. Which ports of a shared IPv4 address are the client's
/// (RFC 7597 section 5.1).
/// </summary>
/// <param name="Offset">Bits in front of the PSID, 0..15; with more than 0 the ports where they are all zero belong to nobody.</param>
/// <param name="PsidLength">Bits of the PSID, 0..16.</param>
/// <param name="Psid">The port set's number, 0..2^<paramref name="PsidLength"/>-1.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PortParameters(byte Offset, byte PsidLength, ushort Psid)
{
    /// <summary>Octets of the option.</summary>
    public const int Size = 4;

    /// <summary>Reads the option's data.</summary>
    /// <returns>False when it has not 4 octets, or offset and PSID do not fit into 16 bits.</returns>
    public static bool TryRead(ReadOnlySpan<byte> data, out PortParameters parameters)
    {
        parameters = default;
        if (data.Length != Size || data[0] + data[1] > 16)
            return false;
        parameters = new(data[0], data[1], data[1] == 0 ? (ushort)0 : (ushort)(BinaryPrimitives.ReadUInt16BigEndian(data[2..]) >> (16 - data[1])));
        return true;
    }

    /// <summary>Writes the option's data into <paramref name="destination"/>, which must have room for <see cref="Size"/> octets.</summary>
    public void Write(Span<byte> destination)
    {
        destination[0] = Offset;
        destination[1] = PsidLength;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)(PsidLength == 0 ? 0 : Psid << (16 - PsidLength)));
    }

    /// <summary>The port ranges of the set, first and last, in their order.</summary>
    public IEnumerable<(ushort First, ushort Last)> Ranges()
    {
        var bits = 16 - Offset - PsidLength;
        for (var i = Offset == 0 ? 0 : 1; i < 1 << Offset; i++)
        {
            var first = (i << (16 - Offset)) | (Psid << bits);
            yield return ((ushort)first, (ushort)(first + (1 << bits) - 1));
        }
    }

    /// <summary><c>offset=6 psid-len=8 psid=52</c>.</summary>
    public override string ToString() => $"offset={Offset} psid-len={PsidLength} psid={Psid}";
}

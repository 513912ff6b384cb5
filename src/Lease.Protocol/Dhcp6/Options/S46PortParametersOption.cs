using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>
/// S46_PORTPARAMS (RFC 7598 section 4.5): offset u8, PSID-len u8, PSID u16 whose first PSID-len bits count. Which ports of a shared IPv4 address are the
/// client's.
/// </summary>
/// <param name="Offset">Excluded bits in front of the PSID, 0..15.</param>
/// <param name="PsidLength">Bits of the PSID, 0..16.</param>
/// <param name="Psid">The PSID as on the wire: left-aligned, the other bits 0.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct S46PortParametersOption(byte Offset, byte PsidLength, ushort Psid)
{
    private const int Size = 4;

    /// <summary>Reads a checked option.</summary>
    /// <returns>False also where offset and PSID do not fit into 16 bits.</returns>
    public static bool TryRead(Option option, out S46PortParametersOption parameters)
    {
        parameters = default;
        var data = option.Data;
        if (option.Code != OptionCode.S46PortParameters || data.Length != Size || data[0] + data[1] > 16)
            return false;
        parameters = new(data[0], data[1], BinaryPrimitives.ReadUInt16BigEndian(data[2..]));
        return true;
    }

    /// <summary>Writes the option.</summary>
    public void Write(ref Dhcp6Writer writer)
    {
        var mark = writer.BeginOption(OptionCode.S46PortParameters);
        writer.U8(Offset);
        writer.U8(PsidLength);
        writer.U16(Psid);
        writer.EndOption(mark);
    }

    /// <inheritdoc/>
    public override string ToString() => $"offset={Offset} psid-len={PsidLength} psid=0x{Psid:x4}";
}

using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp4;

/// <summary>Client identifiers of nodes that have a DUID (RFC 4361 section 6.1): 255, IAID u32, DUID.</summary>
public static class ClientIdentifier
{
    private const byte NodeSpecific = 255;
    private const int DuidOffset = 5;

    /// <summary>Makes the data of option 61.</summary>
    public static byte[] Make(uint iaid, ReadOnlySpan<byte> duid)
    {
        var identifier = new byte[DuidOffset + duid.Length];
        identifier[0] = NodeSpecific;
        BinaryPrimitives.WriteUInt32BigEndian(identifier.AsSpan(1), iaid);
        duid.CopyTo(identifier.AsSpan(DuidOffset));
        return identifier;
    }

    /// <summary>The DUID within the data of option 61.</summary>
    /// <returns>False when the identifier is not of this form.</returns>
    public static bool TryGetDuid(ReadOnlySpan<byte> identifier, out ReadOnlySpan<byte> duid)
    {
        var found = identifier.Length > DuidOffset && identifier[0] == NodeSpecific;
        duid = found ? identifier[DuidOffset..] : default;
        return found;
    }
}

using System.Buffers.Binary;
using System.Globalization;

namespace Lease.Protocol.Dhcp6;

/// <summary>DHCP unique identifiers (RFC 8415 section 11): a u16 type, then what the type says. Opaque to everybody but their maker.</summary>
public static class Duid
{
    /// <summary>Most octets, with the type (RFC 8415 section 11.1).</summary>
    public const int MaxLength = 130;

    private const ushort LinkLayerTime = 1;
    private const ushort Enterprise = 2;
    private const ushort LinkLayer = 3;
    private const ushort Uuid = 4;

    /// <summary>Makes a DUID-LLT.</summary>
    /// <param name="hardwareType">IANA's hardware type; 1 is Ethernet.</param>
    /// <param name="time">When it was made.</param>
    /// <param name="address">The link-layer address.</param>
    public static byte[] MakeLinkLayerTime(ushort hardwareType, DateTimeOffset time, ReadOnlySpan<byte> address)
    {
        var duid = new byte[8 + address.Length];
        BinaryPrimitives.WriteUInt16BigEndian(duid, LinkLayerTime);
        BinaryPrimitives.WriteUInt16BigEndian(duid.AsSpan(2), hardwareType);
        BinaryPrimitives.WriteUInt32BigEndian(duid.AsSpan(4), DhcpTime.ToSeconds(time));
        address.CopyTo(duid.AsSpan(8));
        return duid;
    }

    /// <summary>Makes a DUID-LL.</summary>
    public static byte[] MakeLinkLayer(ushort hardwareType, ReadOnlySpan<byte> address)
    {
        var duid = new byte[4 + address.Length];
        BinaryPrimitives.WriteUInt16BigEndian(duid, LinkLayer);
        BinaryPrimitives.WriteUInt16BigEndian(duid.AsSpan(2), hardwareType);
        address.CopyTo(duid.AsSpan(4));
        return duid;
    }

    /// <summary>Makes a DUID-UUID (RFC 6355).</summary>
    public static byte[] MakeUuid(Guid uuid)
    {
        var duid = new byte[18];
        BinaryPrimitives.WriteUInt16BigEndian(duid, Uuid);
        uuid.TryWriteBytes(duid.AsSpan(2), bigEndian: true, out _);
        return duid;
    }

    /// <summary>Makes a DUID-EN.</summary>
    public static byte[] MakeEnterprise(uint enterprise, ReadOnlySpan<byte> identifier)
    {
        var duid = new byte[6 + identifier.Length];
        BinaryPrimitives.WriteUInt16BigEndian(duid, Enterprise);
        BinaryPrimitives.WriteUInt32BigEndian(duid.AsSpan(2), enterprise);
        identifier.CopyTo(duid.AsSpan(6));
        return duid;
    }

    /// <summary>The link-layer address within a DUID-LLT or DUID-LL: hardware type u16, then the address; empty for other DUIDs.</summary>
    public static bool TryGetLinkLayer(ReadOnlySpan<byte> duid, out ushort hardwareType, out ReadOnlySpan<byte> address)
    {
        hardwareType = 0;
        address = default;
        if (duid.Length < 5)
            return false;
        var start = BinaryPrimitives.ReadUInt16BigEndian(duid) switch
        {
            LinkLayerTime => 8,
            LinkLayer => 4,
            _ => int.MaxValue,
        };
        if (start >= duid.Length)
            return false;
        hardwareType = BinaryPrimitives.ReadUInt16BigEndian(duid[2..]);
        address = duid[start..];
        return true;
    }

    /// <summary>The kind of a DUID for people: <c>DUID-LLT</c>, <c>DUID-EN</c>, <c>DUID-LL</c>, <c>DUID-UUID</c>, or <c>DUID</c> for any other.</summary>
    public static string KindOf(ReadOnlySpan<byte> duid) => duid.Length < 2 ? "DUID" : BinaryPrimitives.ReadUInt16BigEndian(duid) switch
    {
        LinkLayerTime => "DUID-LLT",
        Enterprise => "DUID-EN",
        LinkLayer => "DUID-LL",
        Uuid => "DUID-UUID",
        _ => "DUID",
    };

    /// <summary>Text form: octets in hexadecimal with colons.</summary>
    public static string ToText(ReadOnlySpan<byte> octets) => string.Create(
        Math.Max(0, (octets.Length * 3) - 1),
        octets,
        static (text, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                source[i].TryFormat(text[(i * 3)..], out _, "x2", CultureInfo.InvariantCulture);
                if (i > 0)
                    text[(i * 3) - 1] = ':';
            }
        });

    /// <summary>Reads hexadecimal octets, with colons (each octet one or two digits) or without.</summary>
    public static bool TryParse(string text, out byte[] octets)
    {
        octets = [];
        if (text.Contains(':', StringComparison.Ordinal))
        {
            var parts = text.Split(':');
            var result = new byte[parts.Length];
            for (var i = 0; i < parts.Length; i++)
            {
                if (parts[i].Length is 0 or > 2 || !byte.TryParse(parts[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out result[i]))
                    return false;
            }

            octets = result;
            return true;
        }

        var digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        if (digits.Length == 0 || digits.Length % 2 != 0 || !digits.All(char.IsAsciiHexDigit))
            return false;
        octets = Convert.FromHexString(digits);
        return true;
    }
}

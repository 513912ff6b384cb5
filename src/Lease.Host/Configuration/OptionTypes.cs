using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Configuration;

/// <summary>An option as Kea describes it: code, type of its data, types of a record's fields, whether it is a list, which space it holds.</summary>
internal sealed record OptionType(string Name, ushort Code, string Space, string Type, bool IsArray = false, IReadOnlyList<string>? Fields = null, string? Encapsulates = null, bool MayBeEmpty = false)
{
    /// <summary>For messages: what the option holds.</summary>
    public string Shown => (Type == "record" ? string.Join(", ", Fields ?? []) : Type) + (IsArray ? ", ..." : "");
}

/// <summary>Turns the text of <c>option-data</c> into octets by Kea's type names.</summary>
internal static class OptionTypes
{
    /// <summary>Kea's type names.</summary>
    public static readonly string[] Names =
    [
        "empty", "binary", "boolean", "int8", "int16", "int32", "uint8", "uint16", "uint32", "ipv4-address", "ipv6-address", "ipv6-prefix", "psid", "string", "fqdn",
        "tuple", "record",
    ];

    /// <summary>Encodes comma-separated text.</summary>
    public static bool TryEncode(OptionType option, string text, out byte[] data, out string problem)
    {
        data = [];
        problem = "";
        if (option.Type == "empty")
        {
            problem = "takes no data";
            return text.Trim().Length == 0;
        }

        if (option.MayBeEmpty && text.Trim().Length == 0)
            return true;

        // A string or binary option of one field may itself hold commas.
        var parts = option is { Type: "string" or "binary", IsArray: false } ? [text] : Split(text);
        var types = option.Type == "record" ? option.Fields ?? [] : [option.Type];
        if (option.IsArray ? parts.Count < types.Count : parts.Count != types.Count)
        {
            problem = $"has {parts.Count} fields, must have {types.Count}: {option.Shown}";
            return false;
        }

        var octets = new List<byte>();
        for (var i = 0; i < parts.Count; i++)
        {
            // In an array of records the last type repeats, as in Kea.
            var type = types[Math.Min(i, types.Count - 1)];
            if (!TryEncodeOne(type, parts[i], octets))
            {
                problem = $"\"{parts[i]}\" is no {type}";
                return false;
            }
        }

        data = [.. octets];
        return true;
    }

    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        var part = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length && text[i + 1] == ',')
                part.Append(text[++i]);
            else if (text[i] != ',')
                part.Append(text[i]);
            else
            {
                parts.Add(part.ToString().Trim());
                part.Clear();
            }
        }

        if (part.Length > 0 || parts.Count > 0)
            parts.Add(part.ToString().Trim());
        return parts;
    }

    private static bool TryEncodeOne(string type, string text, List<byte> octets)
    {
        switch (type)
        {
            case "binary":
                return Duid.TryParse(text.Trim().Replace(" ", "", StringComparison.Ordinal), out var binary) && Append(octets, binary);
            case "boolean":
                return TryBoolean(text, octets);
            case "uint8" or "uint16" or "uint32":
                return TryNumber(text, 0, (1L << BitsOf(type)) - 1, BitsOf(type), octets);
            case "int8" or "int16" or "int32":
                return TryNumber(text, -(1L << (BitsOf(type) - 1)), (1L << (BitsOf(type) - 1)) - 1, BitsOf(type), octets);
            case "ipv4-address":
                return Ipv4Address.TryParse(text, out var address) && Append(octets, Octets(address));
            case "ipv6-address":
                return Ipv6Address.TryParse(text, out var address6) && Append(octets, Octets(address6));
            case "ipv6-prefix":
                return Ipv6Prefix.TryParse(text, out var prefix) && Append(octets, [prefix.Length, .. Octets(prefix.First).AsSpan(0, (prefix.Length + 7) / 8)]);
            case "psid":
                return TryPsid(text, octets);
            case "fqdn":
                return DomainName.TryEncode(text, out var name) && Append(octets, name);
            case "tuple":
                var tuple = Encoding.UTF8.GetBytes(text);
                return tuple.Length <= ushort.MaxValue && Append(octets, [(byte)(tuple.Length >> 8), (byte)tuple.Length, .. tuple]);
            default:
                return text.Length > 0 && Append(octets, Encoding.UTF8.GetBytes(text));
        }
    }

    private static bool TryBoolean(string text, List<byte> octets)
    {
        var isTrue = text == "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase);
        octets.Add(isTrue ? (byte)1 : (byte)0);
        return isTrue || text == "0" || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }

    private static int BitsOf(string type) => int.Parse(type.AsSpan(type.IndexOf("int", StringComparison.Ordinal) + 3), CultureInfo.InvariantCulture);

    private static bool TryNumber(string text, long least, long most, int bits, List<byte> octets)
    {
        var hex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (!long.TryParse(hex ? text.AsSpan(2) : text, hex ? NumberStyles.AllowHexSpecifier : NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            || number < least || number > most)
            return false;
        for (var shift = bits - 8; shift >= 0; shift -= 8)
            octets.Add((byte)(number >> shift));
        return true;
    }

    // PSID/length, the PSID left-aligned in 16 bits (RFC 7598 section 4.5).
    private static bool TryPsid(string text, List<byte> octets)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !ushort.TryParse(text.AsSpan(0, slash), out var psid) || !byte.TryParse(text.AsSpan(slash + 1), out var length)
            || length > 16 || psid >= 1 << length)
            return false;
        var aligned = (ushort)(psid << (16 - length));
        Span<byte> octets2 = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(octets2, aligned);
        return Append(octets, [length, .. octets2]);
    }

    private static byte[] Octets(Ipv4Address address)
    {
        var octets = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(octets, address.Value);
        return octets;
    }

    private static byte[] Octets(Ipv6Address address)
    {
        var octets = new byte[Ipv6Address.Size];
        address.Write(octets);
        return octets;
    }

    private static bool Append(List<byte> octets, ReadOnlySpan<byte> more)
    {
        octets.AddRange(more);
        return true;
    }
}

using System.Buffers.Binary;

namespace Lease.Host.Configuration;

/// <summary>Holds octets that were given in hexadecimal against the type of their option.</summary>
internal static class OptionLayout
{
    /// <summary>Whether <paramref name="data"/> can be read as what the option holds; options within it are not looked at.</summary>
    public static bool Fits(OptionType option, ReadOnlySpan<byte> data)
    {
        if (option.Type == "empty")
            return data.IsEmpty || option.Encapsulates is not null;
        var types = option.Type == "record" ? option.Fields ?? [] : [option.Type];
        foreach (var type in types)
        {
            if (!TrySkip(type, ref data))
                return false;
        }

        // In an array of records the last type repeats, as in Kea.
        while (option.IsArray && !data.IsEmpty)
        {
            if (!TrySkip(types[^1], ref data))
                return false;
        }

        return data.IsEmpty || option.Encapsulates is not null;
    }

    private static bool TrySkip(string type, ref ReadOnlySpan<byte> data)
    {
        var length = LengthOf(type, data);
        if (length < 0 || length > data.Length)
            return false;
        data = data[length..];
        return true;
    }

    // Octets that the first value takes; -1 when it has no end.
    private static int LengthOf(string type, ReadOnlySpan<byte> data) => type switch
    {
        "boolean" or "int8" or "uint8" => 1,
        "int16" or "uint16" => 2,
        "psid" => 3,
        "int32" or "uint32" or "ipv4-address" => 4,
        "ipv6-address" => 16,
        "ipv6-prefix" => data.IsEmpty || data[0] > 128 ? -1 : 1 + ((data[0] + 7) / 8),
        "tuple" => data.Length < 2 ? -1 : 2 + BinaryPrimitives.ReadUInt16BigEndian(data),
        "fqdn" => NameLength(data),
        _ => data.Length,
    };

    private static int NameLength(ReadOnlySpan<byte> data)
    {
        var length = 0;
        while (length < data.Length)
        {
            var label = data[length];
            length += label + 1;
            if (label == 0)
                return length;
        }

        return -1;
    }
}

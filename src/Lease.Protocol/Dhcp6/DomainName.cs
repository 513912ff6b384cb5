using System.Text;

namespace Lease.Protocol.Dhcp6;

/// <summary>Domain names in the form of RFC 1035 section 3.1, never compressed (RFC 8415 section 10).</summary>
public static class DomainName
{
    /// <summary>Longest name on the wire, in octets, with the root's zero octet.</summary>
    public const int MaxLength = 255;

    /// <summary>Longest label, in octets.</summary>
    public const int MaxLabel = 63;

    /// <summary>Whether <paramref name="names"/> is a run of whole names. The last may lack the root's zero octet, as FQDN options may (RFC 4704 section 4.2).</summary>
    public static bool AreValid(ReadOnlySpan<byte> names)
    {
        var nameLength = 0;
        while (!names.IsEmpty)
        {
            var label = names[0];
            if (label > MaxLabel || label >= names.Length)
                return false;
            nameLength = label == 0 ? 0 : nameLength + label + 1;
            // The root's octet counts, also where it is left out.
            if (nameLength >= MaxLength)
                return false;
            names = names[(label + 1)..];
        }

        return true;
    }

    /// <summary>Encodes <c>a.example.org</c> (a dot at the end is allowed), with the root's zero octet.</summary>
    /// <returns>False when a label is empty or over 63 octets, or the name over 255.</returns>
    public static bool TryEncode(string name, out byte[] encoded)
    {
        encoded = [];
        var text = name.EndsWith('.') ? name[..^1] : name;
        var result = new List<byte>(text.Length + 2);
        foreach (var label in text.Length == 0 ? [] : text.Split('.'))
        {
            var octets = Encoding.UTF8.GetBytes(label);
            if (octets.Length is 0 or > MaxLabel)
                return false;
            result.Add((byte)octets.Length);
            result.AddRange(octets);
        }

        result.Add(0);
        if (result.Count > MaxLength)
            return false;
        encoded = [.. result];
        return true;
    }

    /// <summary>
    /// The names as text (RFC 1035 section 5.1), separated by spaces: <c>.</c> is the root, a name without a dot at its end is partial. A dot or backslash
    /// within a label has a backslash in front; octets outside of printable ASCII are <c>\DDD</c>. Ends where the octets are not names.
    /// </summary>
    public static string ToText(ReadOnlySpan<byte> names)
    {
        var text = new StringBuilder();
        var labels = 0;
        while (!names.IsEmpty)
        {
            int label = names[0];
            if (label > MaxLabel || label >= names.Length)
                break;
            if (labels > 0 || label == 0)
                text.Append('.');
            AppendLabel(text, names.Slice(1, label));
            labels = label == 0 ? 0 : labels + 1;
            names = names[(label + 1)..];
            if (label == 0 && !names.IsEmpty)
                text.Append(' ');
        }

        return text.ToString();
    }

    private static void AppendLabel(StringBuilder text, ReadOnlySpan<byte> label)
    {
        foreach (var octet in label)
        {
            if (octet is (byte)'.' or (byte)'\\')
                text.Append('\\').Append((char)octet);
            else if (octet is > 32 and < 127)
                text.Append((char)octet);
            else
                text.Append('\\').Append(octet.ToString("D3", provider: null));
        }
    }
}

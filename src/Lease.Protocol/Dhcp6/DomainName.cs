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
            if (label > MaxLabel || label >= names.Length + (label == 0 ? 1 : 0))
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

    /// <summary>The names as text, separated by spaces; octets outside of printable ASCII as <c>\DDD</c>.</summary>
    public static string ToText(ReadOnlySpan<byte> names)
    {
        var text = new StringBuilder();
        while (!names.IsEmpty)
        {
            int label = names[0];
            if (label >= names.Length + (label == 0 ? 1 : 0))
                break;
            if (label == 0 && text.Length > 0 && names.Length > 1)
                text.Append(' ');
            foreach (var octet in names.Slice(1, label))
            {
                if (octet is > 32 and < 127)
                    text.Append((char)octet);
                else
                    text.Append('\\').Append(octet.ToString("D3", provider: null));
            }

            if (label > 0)
                text.Append('.');
            names = names[(label + 1)..];
        }

        return text.ToString();
    }
}

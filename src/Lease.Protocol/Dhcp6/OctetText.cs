using System.Text;

namespace Lease.Protocol.Dhcp6;

/// <summary>Octets from the network as text that is safe in a log: one line, no control characters.</summary>
public static class OctetText
{
    /// <summary>Hexadecimal with colons, and the text in quotes where all of it is printable ASCII.</summary>
    public static string Describe(ReadOnlySpan<byte> octets)
    {
        if (octets.IsEmpty)
            return "(empty)";
        return octets.ContainsAnyExceptInRange((byte)' ', (byte)'~') ? Duid.ToText(octets) : $"{Duid.ToText(octets)} {Quote(octets)}";
    }

    /// <summary>UTF-8 in quotes; quotes, backslashes and what is no letter, mark, number, punctuation, symbol or space as <c>\uXXXX</c>.</summary>
    public static string Quote(ReadOnlySpan<byte> utf8)
    {
        var text = new StringBuilder("\"");
        foreach (var rune in Encoding.UTF8.GetString(utf8).EnumerateRunes())
        {
            if (IsHarmless(rune))
                text.Append(rune);
            else
                text.Append("\\u").Append(rune.Value.ToString("x4", provider: null));
        }

        return text.Append('"').ToString();
    }

    /// <summary>A text without quotes: what would change how a terminal or a log shows it stands as <c>\uXXXX</c>.</summary>
    public static string Escape(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            return text;
        var escaped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsShown(rune))
                escaped.Append(rune);
            else
                escaped.Append("\\u").Append(rune.Value.ToString("x4", provider: null));
        }

        return escaped.ToString();
    }

    private static bool IsHarmless(Rune rune) => rune.Value is not ('"' or '\\') && IsShown(rune);

    private static bool IsShown(Rune rune) => rune.Value == ' '
        || Rune.IsLetterOrDigit(rune) || Rune.IsPunctuation(rune) || Rune.IsSymbol(rune)
        || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark;
}

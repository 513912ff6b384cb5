using System.Globalization;
using System.Text;

namespace Lease.Host.Configuration;

/// <summary>The text is not JSON.</summary>
internal sealed class JsonSyntaxException(string message, int line, int column) : FormatException(message)
{
    public int Line { get; } = line;

    public int Column { get; } = column;
}

/// <summary>
/// Reads JSON as Kea does: with <c>//</c>, <c>#</c> and <c>/* */</c> comments and trailing commas, and keeps the place of every value, which the framework's reader does not.
/// </summary>
internal sealed class JsonParser
{
    private const int MaxDepth = 64;

    private readonly string text;
    private int place;
    private int line = 1;
    private int lineStart;

    private JsonParser(string text) => this.text = text;

    private char Current => place < text.Length ? text[place] : '\0';

    private int Column => place - lineStart + 1;

    /// <exception cref="JsonSyntaxException">The text is not JSON.</exception>
    public static JsonValue Parse(string text)
    {
        var parser = new JsonParser(text);
        var value = parser.ReadValue(0);
        parser.SkipSpace();
        return parser.place == text.Length ? value : throw parser.Error($"nothing may follow the configuration, found '{parser.Current}'");
    }

    private JsonSyntaxException Error(string message) => new(message, line, Column);

    private JsonValue ReadValue(int depth)
    {
        if (depth > MaxDepth)
            throw Error("nested too deep");
        SkipSpace();
        var (startLine, startColumn) = (line, Column);
        switch (Current)
        {
            case '{':
                return new JsonValue(JsonKind.Map, startLine, startColumn) { Members = ReadMembers(depth) };
            case '[':
                return new JsonValue(JsonKind.List, startLine, startColumn) { Items = ReadItems(depth) };
            case '"':
                return new JsonValue(JsonKind.Text, startLine, startColumn) { Text = ReadText() };
            default:
                return ReadWord(startLine, startColumn);
        }
    }

    private List<KeyValuePair<string, JsonValue>> ReadMembers(int depth)
    {
        var members = new List<KeyValuePair<string, JsonValue>>();
        place++;
        while (true)
        {
            SkipSpace();
            if (Current == '}')
                break;
            if (Current != '"')
                throw Error($"expected a name in double quotes or '}}', found {Shown()}");
            var (keyLine, keyColumn) = (line, Column);
            var name = ReadText();
            SkipSpace();
            if (Current != ':')
                throw Error($"expected ':' after \"{name}\", found {Shown()}");
            place++;
            var value = ReadValue(depth + 1);
            if (members.Exists(m => m.Key == name))
                throw new JsonSyntaxException($"\"{name}\" stands twice in the same object", keyLine, keyColumn);
            members.Add(new(name, value));
            if (!SkipComma('}'))
                break;
        }

        place++;
        return members;
    }

    private List<JsonValue> ReadItems(int depth)
    {
        var items = new List<JsonValue>();
        place++;
        while (true)
        {
            SkipSpace();
            if (Current == ']')
                break;
            items.Add(ReadValue(depth + 1));
            if (!SkipComma(']'))
                break;
        }

        place++;
        return items;
    }

    private bool SkipComma(char end)
    {
        SkipSpace();
        if (Current == end)
            return false;
        if (Current != ',')
            throw Error($"expected ',' or '{end}', found {Shown()}");
        place++;
        return true;
    }

    private string ReadText()
    {
        var result = new StringBuilder();
        for (place++; Current != '"'; place++)
        {
            if (place >= text.Length || Current == '\n')
                throw Error("a text is not closed with '\"'");
            result.Append(Current == '\\' ? ReadEscape() : Current);
        }

        place++;
        return result.ToString();
    }

    private char ReadEscape()
    {
        place++;
        switch (Current)
        {
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case '"' or '\\' or '/':
                return Current;
            case 'u' when place + 4 < text.Length
                && ushort.TryParse(text.AsSpan(place + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code):
                place += 4;
                return (char)code;
            default:
                throw Error($"\\{Current} is no escape: allowed are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
        }
    }

    private JsonValue ReadWord(int startLine, int startColumn)
    {
        var start = place;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '-' or '+' or '.')
            place++;
        var word = text[start..place];
        var kind = word switch
        {
            "true" => JsonKind.True,
            "false" => JsonKind.False,
            "null" => JsonKind.Null,
            _ when double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out _) => JsonKind.Number,
            _ => throw new JsonSyntaxException(word.Length == 0 ? $"expected a value, found {Shown()}" : $"{word} is no JSON value", startLine, startColumn),
        };
        return new JsonValue(kind, startLine, startColumn) { Text = word };
    }

    private string Shown() => place < text.Length ? $"'{Current}'" : "the end of the file";

    private void SkipSpace()
    {
        while (place < text.Length)
        {
            if (Current == '#' || (Current == '/' && Next == '/'))
                SkipLine();
            else if (Current == '/' && Next == '*')
                SkipBlock();
            else if (char.IsWhiteSpace(Current))
                Advance();
            else
                return;
        }
    }

    private char Next => place + 1 < text.Length ? text[place + 1] : '\0';

    private void SkipLine()
    {
        while (place < text.Length && Current != '\n')
            place++;
    }

    private void SkipBlock()
    {
        var (startLine, startColumn) = (line, Column);
        place += 2;
        while (!(Current == '*' && Next == '/'))
        {
            if (place >= text.Length)
                throw new JsonSyntaxException("a comment is not closed with */", startLine, startColumn);
            Advance();
        }

        place += 2;
    }

    private void Advance()
    {
        if (Current == '\n')
        {
            line++;
            lineStart = place + 1;
        }

        place++;
    }
}

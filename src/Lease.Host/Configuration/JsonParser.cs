using System.Globalization;
using System.Text;
using Lease.Kernel.IO;

namespace Lease.Host.Configuration;

/// <summary>The text is not JSON.</summary>
internal sealed class JsonSyntaxException(string message, JsonPlace place) : FormatException(message)
{
    public JsonPlace Place { get; } = place;
}

/// <summary>
/// Reads JSON as Kea does: with <c>//</c>, <c>#</c> and <c>/* */</c> comments, trailing commas and other files (<c>&lt;?include "FILE"?&gt;</c>), and keeps the place of every value, which the
/// framework's reader does not.
/// </summary>
internal sealed class JsonParser
{
    private const int MaxDepth = 64;

    // As Kea.
    private const int MaxIncluded = 10;

    // Characters of all files together. Files that include others several times would multiply without it.
    private const int MaxText = 128 << 20;

    // What a file counts for at least, so that empty ones have an end too.
    private const int LeastText = 1 << 14;

    private const string Include = "<?include";

    // Those that include the one that is read.
    private readonly Stack<(string File, string Text, int Place, int Line, int LineStart)> outer = [];
    private string file;
    private string text;
    private int place;
    private int line = 1;
    private int lineStart;
    private long included;

    private JsonParser(string text, string file)
    {
        this.text = text;
        this.file = file;
    }

    private char Current => place < text.Length ? text[place] : '\0';

    private JsonPlace Here => new(file, line, place - lineStart + 1);

    /// <summary>Reads the text of a file, and the files that it includes.</summary>
    /// <exception cref="JsonSyntaxException">The text is not JSON, or a file that it includes cannot be read.</exception>
    public static JsonValue Parse(string text, string file)
    {
        var parser = new JsonParser(text, file);
        var value = parser.ReadValue(0);
        parser.SkipSpace();
        return parser.place == parser.text.Length ? value : throw parser.Error($"nothing may follow the configuration, found '{parser.Current}'");
    }

    private JsonSyntaxException Error(string message) => new(message, Here);

    private JsonValue ReadValue(int depth)
    {
        if (depth > MaxDepth)
            throw Error("nested too deep");
        SkipSpace();
        var start = Here;
        switch (Current)
        {
            case '{':
                return new JsonValue(JsonKind.Map, start) { Members = ReadMembers(depth) };
            case '[':
                return new JsonValue(JsonKind.List, start) { Items = ReadItems(depth) };
            case '"':
                return new JsonValue(JsonKind.Text, start) { Text = ReadText() };
            default:
                return ReadWord(start);
        }
    }

    private List<KeyValuePair<string, JsonValue>> ReadMembers(int depth)
    {
        var members = new List<KeyValuePair<string, JsonValue>>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        place++;
        while (true)
        {
            SkipSpace();
            if (Current == '}')
                break;
            if (Current != '"')
                throw Error($"expected a name in double quotes or '}}', found {Shown()}");
            var key = Here;
            var name = ReadText();
            SkipSpace();
            if (Current != ':')
                throw Error($"expected ':' after \"{name}\", found {Shown()}");
            place++;
            var value = ReadValue(depth + 1);
            if (!names.Add(name))
                throw new JsonSyntaxException($"\"{name}\" stands twice in the same object", key);
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

    private JsonValue ReadWord(JsonPlace at)
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
            _ => throw new JsonSyntaxException(word.Length == 0 ? $"expected a value, found {Shown()}" : $"{word} is no JSON value", at),
        };
        return new JsonValue(kind, at) { Text = word };
    }

    private string Shown() => place < text.Length ? $"'{Current}'" : "the end of the file";

    private void SkipSpace()
    {
        while (place < text.Length || outer.Count > 0)
        {
            if (place == text.Length)
                (file, text, place, line, lineStart) = outer.Pop();
            else if (Current == '<' && string.CompareOrdinal(text, place, Include, 0, Include.Length) == 0)
                BeginIncluded();
            else if (Current == '#' || (Current == '/' && Next == '/'))
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
        var start = Here;
        place += 2;
        while (!(Current == '*' && Next == '/'))
        {
            if (place >= text.Length)
                throw new JsonSyntaxException("a comment is not closed with */", start);
            Advance();
        }

        place += 2;
    }

    private void BeginIncluded()
    {
        var at = Here;
        place += Include.Length;
        SkipBlanks();
        if (Current != '"')
            throw Error($"expected a file's name in double quotes after {Include}, found {Shown()}");
        var name = ReadText();
        SkipBlanks();
        if (Current != '?' || Next != '>')
            throw Error($"expected ?> after {Include} \"{name}\", found {Shown()}");
        place += 2;
        if (outer.Count == MaxIncluded)
            throw new JsonSyntaxException($"\"{name}\" is not read: files may include each other {MaxIncluded} deep", at);
        outer.Push((file, text, place, line, lineStart));
        (file, place, line, lineStart) = (Path.Combine(Path.GetDirectoryName(file) ?? "", name), 0, 1, 0);
        try
        {
            text = RegularFile.ReadText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JsonSyntaxException($"{file} cannot be read: {e.Message}", at);
        }

        included += Math.Max(text.Length, LeastText);
        if (included > MaxText)
            throw new JsonSyntaxException($"\"{name}\" is not read: the included files have more than {MaxText >> 20} Mi characters", at);
    }

    private void SkipBlanks()
    {
        while (Current is ' ' or '\t')
            place++;
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

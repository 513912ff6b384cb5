using System.Globalization;
using System.Numerics;
using Lease.Protocol;

namespace Lease.Host.Configuration;

/// <summary>
/// An object of the configuration. Every key that is asked for counts as known, so that what nobody asked for can be reported at the end; wrong values are reported where
/// they are read, and the default takes their place.
/// </summary>
internal sealed class ConfigurationNode
{
    // To read a number takes a time that grows with the square of its digits.
    private const int MaxDigits = 32;

    private readonly JsonValue value;
    private readonly ProblemList problems;
    private readonly HashSet<string> known = ["comment", "user-context"];

    public ConfigurationNode(JsonValue value, string path, ProblemList problems)
    {
        this.value = value;
        this.problems = problems;
        Path = path;
        if (value.Kind != JsonKind.Map)
            problems.Add(Severity.Error, value, path, $"must be an object, not {value.Shown}");
    }

    public string Path { get; }

    /// <summary>An empty object at the same place: every key has its default.</summary>
    public ConfigurationNode Empty() => new(value with { Kind = JsonKind.Map, Members = [] }, "", problems);

    public bool Has(string key)
    {
        known.Add(key);
        return TryFind(key, out _);
    }

    public void Error(string message) => problems.Add(Severity.Error, value, Path, message);

    public void Error(string key, string message)
        => problems.Add(Severity.Error, TryFind(key, out var found) ? found : value, PathOf(key), message);

    public void Warn(string message) => problems.Add(Severity.Warning, value, Path, message);

    public void Warn(string key, string message)
        => problems.Add(Severity.Warning, TryFind(key, out var found) ? found : value, PathOf(key), message);

    public string? Text(string key)
    {
        if (Find(key) is not { } found)
            return null;
        if (found.Kind == JsonKind.Text)
            return found.Text;
        Wrong(key, found, "a text");
        return null;
    }

    /// <summary>A text that <paramref name="parse"/> understands; <paramref name="allowed"/> says what that is.</summary>
    public T? Parsed<T>(string key, TryParser<T> parse, string allowed)
        where T : struct
    {
        if (Text(key) is not { } text)
            return null;
        if (parse(text, out var result))
            return result;
        Wrong(key, Find(key)!, allowed);
        return null;
    }

    public Ipv6Address? Address(string key) => Parsed<Ipv6Address>(key, Ipv6Address.TryParse, "an IPv6 address");

    public uint? Number(string key, uint least = 0, uint most = uint.MaxValue)
    {
        if (Find(key) is not { } found)
            return null;
        if (found.Kind == JsonKind.Number && found.Text.Length <= MaxDigits
            && BigInteger.TryParse(found.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most)
            return (uint)number;
        Wrong(key, found, $"a whole number from {least} to {most}");
        return null;
    }

    /// <summary>A number from 0 to 1; without the ends where <paramref name="isWhole"/> is off.</summary>
    public double? Share(string key, bool isWhole = true)
    {
        if (Find(key) is not { } found)
            return null;
        if (found.Kind == JsonKind.Number && double.TryParse(found.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= 1
            && (isWhole || number is > 0 and < 1))
            return number;
        Wrong(key, found, isWhole ? "a number from 0 to 1" : "a number between 0 and 1");
        return null;
    }

    public bool? Flag(string key)
    {
        if (Find(key) is not { } found)
            return null;
        if (found.Kind is JsonKind.True or JsonKind.False)
            return found.Kind == JsonKind.True;
        Wrong(key, found, "true or false");
        return null;
    }

    /// <summary>A time in seconds.</summary>
    public TimeSpan Seconds(string key, TimeSpan usual, uint least = 1) => Number(key, least, 100_000_000) is { } seconds ? TimeSpan.FromSeconds(seconds) : usual;

    /// <summary>A list of flags by their <paramref name="names"/>.</summary>
    public T Flags<T>(string key, IReadOnlyDictionary<string, T> names, T usual, Func<T, T, T> add)
        where T : struct, Enum
    {
        if (!Has(key))
            return usual;
        var flags = default(T);
        foreach (var text in Texts(key))
        {
            if (names.TryGetValue(text, out var flag))
                flags = add(flags, flag);
            else
                Error(key, $"\"{text}\" is not allowed: must be of {string.Join(", ", names.Keys)}");
        }

        return flags;
    }

    /// <summary>One of <paramref name="choices"/>.</summary>
    public string? Choice(string key, params string[] choices)
    {
        if (Text(key) is not { } text)
            return null;
        if (choices.Contains(text))
            return text;
        Wrong(key, Find(key)!, "one of " + string.Join(", ", choices));
        return null;
    }

    public ConfigurationNode? Object(string key) => Find(key) is { } found ? new ConfigurationNode(found, PathOf(key), problems) : null;

    public IReadOnlyList<ConfigurationNode> Objects(string key)
        => [.. List(key).Select((item, i) => new ConfigurationNode(item, $"{PathOf(key)}[{i}]", problems))];

    public IReadOnlyList<string> Texts(string key)
    {
        var texts = new List<string>();
        foreach (var item in List(key))
        {
            if (item.Kind == JsonKind.Text)
                texts.Add(item.Text);
            else
                problems.Add(Severity.Error, item, PathOf(key), $"must be a list of texts, found {item.Shown}");
        }

        return texts;
    }

    /// <summary>Names that Kea knows and that have no effect here.</summary>
    public void WithoutEffect(string why, params string[] keys)
    {
        foreach (var key in keys)
        {
            if (Has(key))
                Warn(key, why);
        }
    }

    /// <summary>Reports what nobody asked for.</summary>
    public void RefuseUnknown()
    {
        foreach (var (key, unknown) in value.Members)
        {
            if (known.Contains(key))
                continue;
            problems.Add(Severity.Error, unknown, PathOf(key), problems.IsFull(Severity.Error) ? "" : $"unknown name{HintFor(key)}");
        }
    }

    private string HintFor(string key)
    {
        const int near = 3;
        var alike = known.Where(k => Math.Abs(k.Length - key.Length) <= near).MinBy(k => Distance(k, key));
        return alike is not null && Distance(alike, key) <= near
            ? $": did you mean \"{alike}\"?"
            : $": known are {string.Join(", ", known.Order(StringComparer.Ordinal))}";
    }

    public void Wrong(string key, string allowed)
    {
        if (TryFind(key, out var found))
            Wrong(key, found, allowed);
    }

    private void Wrong(string key, JsonValue found, string allowed)
        => problems.Add(Severity.Error, found, PathOf(key), $"{found.Shown} is not allowed: must be {allowed}");

    private IReadOnlyList<JsonValue> List(string key)
    {
        if (Find(key) is not { } found)
            return [];
        if (found.Kind == JsonKind.List)
            return found.Items;
        Wrong(key, found, "a list");
        return [];
    }

    private JsonValue? Find(string key)
    {
        known.Add(key);
        return TryFind(key, out var found) ? found : null;
    }

    private bool TryFind(string key, out JsonValue found)
    {
        foreach (var member in value.Members)
        {
            if (member.Key != key)
                continue;
            found = member.Value;
            return true;
        }

        found = value;
        return false;
    }

    private string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}

/// <summary>A parser in the framework's style.</summary>
internal delegate bool TryParser<T>(string text, out T result);

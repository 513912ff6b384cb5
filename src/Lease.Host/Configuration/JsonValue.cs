namespace Lease.Host.Configuration;

/// <summary>What a JSON value is.</summary>
internal enum JsonKind
{
    Null,
    True,
    False,
    Number,
    Text,
    List,
    Map,
}

/// <summary>A place in a file.</summary>
/// <param name="File">The file's name, as it was given.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
internal readonly record struct JsonPlace(string File, int Line, int Column);

/// <summary>A JSON value with its place.</summary>
internal sealed record JsonValue(JsonKind Kind, JsonPlace Place)
{
    /// <summary>A text's content, or a number as it stands.</summary>
    public string Text { get; init; } = "";

    public IReadOnlyList<JsonValue> Items { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, JsonValue>> Members { get; init; } = [];

    /// <summary>For messages: what stands there.</summary>
    public string Shown => Kind switch
    {
        JsonKind.Text => $"\"{Text}\"",
        JsonKind.Number => Text,
        JsonKind.List => "a list",
        JsonKind.Map => "an object",
        JsonKind.True => "true",
        JsonKind.False => "false",
        _ => "null",
    };
}

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

/// <summary>A JSON value with its place in the file.</summary>
internal sealed record JsonValue(JsonKind Kind, int Line, int Column)
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

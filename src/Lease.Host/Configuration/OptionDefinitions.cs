using Lease.Actors.Configuration;

namespace Lease.Host.Configuration;

/// <summary>The options that can be configured by name: the standard ones and those of <c>option-def</c>.</summary>
internal sealed class OptionDefinitions
{
    private readonly OptionUniverse universe;
    private readonly Dictionary<(string Space, string Name), OptionType> byName = [];
    private readonly Dictionary<(string Space, ushort Code), OptionType> byCode = [];

    // The spaces that the options of a space hold.
    private readonly Dictionary<string, HashSet<string>> encapsulatedBy = [];
    private readonly HashSet<string> encapsulated = [];
    private readonly List<OptionDefinition> defined = [];

    public OptionDefinitions(OptionUniverse universe)
    {
        this.universe = universe;
        foreach (var type in universe.Standard)
            Add(type);
    }

    /// <summary>What <c>option-def</c> added.</summary>
    public IReadOnlyList<OptionDefinition> Defined => defined;

    /// <summary>Letters, digits, <c>-</c> and <c>_</c> within, as Kea has it for options and spaces.</summary>
    public static bool IsName(string text)
        => text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && text[0] is not ('-' or '_') && text[^1] is not ('-' or '_');

    /// <summary>The definition with this code, or where it is null with this name. Of several names for one code the one that is given counts.</summary>
    public OptionType? Find(string space, uint? code, string? name)
        => name is not null && byName.TryGetValue((space, name), out var named) && (code is null || named.Code == code)
            ? named
            : code is { } number ? byCode.GetValueOrDefault((space, (ushort)number)) : null;

    /// <summary>Whether some option holds options of this space.</summary>
    public bool IsEncapsulated(string space) => encapsulated.Contains(space);

    /// <summary>Reads <c>option-def</c>.</summary>
    public void Read(ConfigurationNode parent)
    {
        foreach (var node in parent.Objects("option-def"))
        {
            if (ReadOne(node) is { } type && Check(node, type))
            {
                Add(type);
                defined.Add(new OptionDefinition(type.Name, type.Code, type.Space, type.Type));
            }
        }
    }

    private OptionType? ReadOne(ConfigurationNode node)
    {
        var name = node.Text("name");
        var code = node.Number("code", 1, universe.MaxCode);
        var space = node.Text("space") ?? universe.Space;
        var type = node.Choice("type", OptionTypes.Names);
        var isArray = node.Flag("array") ?? false;
        var fields = (node.Text("record-types") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var encapsulates = node.Text("encapsulate") is { Length: > 0 } inner ? inner : null;
        node.RefuseUnknown();
        if (name is not null && code is not null && type is not null)
            return new OptionType(name, (ushort)code, space, type, isArray, fields, encapsulates);
        node.Error("needs name, code and type");
        return null;
    }

    private bool Check(ConfigurationNode node, OptionType type)
    {
        var (key, defect) = DefectOf(type) ?? DefectAmongOthers(type) ?? default;
        if (defect is null)
            return true;
        node.Error(key, defect);
        return false;
    }

    private static (string Key, string Defect)? DefectOf(OptionType type)
    {
        var fields = type.Fields ?? [];
        if (!IsName(type.Name))
            return ("name", $"\"{type.Name}\" is no name: letters, digits, - and _ are allowed");
        if (!IsName(type.Space))
            return ("space", $"\"{type.Space}\" is no name: letters, digits, - and _ are allowed");
        if (type.Type == "record" != fields.Count > 0)
            return ("record-types", "goes with type record, and only with it");
        if (fields.Count == 1)
            return ("record-types", "must name at least two fields");
        foreach (var field in fields)
        {
            if (field is "record" or "empty" || !OptionTypes.Names.Contains(field))
                return ("record-types", $"{field} is no type of a field: allowed are {string.Join(", ", OptionTypes.Names)}");
        }

        if (fields.SkipLast(1).FirstOrDefault(static f => f is "string" or "binary") is { } open)
            return ("record-types", $"{open} has no end of its own: it must be the last field");
        if (type is { IsArray: true, Type: "string" or "binary" or "empty" })
            return ("array", $"there is no array of {type.Type}");
        return type is { IsArray: true, Encapsulates: not null } ? ("encapsulate", "an array has no end of its own: no options can follow it") : null;
    }

    private (string Key, string Defect)? DefectAmongOthers(OptionType type)
    {
        if (byName.ContainsKey((type.Space, type.Name)) || byCode.ContainsKey((type.Space, type.Code)))
            return ("code", $"{type.Name} ({type.Code}) is defined already in space {type.Space}");
        return type.Encapsulates is { } inner && Reaches(inner, type.Space, [])
            ? ("encapsulate", $"space {inner} would hold itself")
            : null;
    }

    private bool Reaches(string space, string other, HashSet<string> seen)
        => space == other
            || (seen.Add(space) && encapsulatedBy.TryGetValue(space, out var inner) && inner.Any(i => Reaches(i, other, seen)));

    // Of several standard names for a code the first is meant where only the code is given.
    private void Add(OptionType type)
    {
        byName.TryAdd((type.Space, type.Name), type);
        byCode.TryAdd((type.Space, type.Code), type);
        if (type.Encapsulates is not { } inner)
            return;
        encapsulated.Add(inner);
        if (!encapsulatedBy.TryGetValue(type.Space, out var spaces))
            encapsulatedBy.Add(type.Space, spaces = []);
        spaces.Add(inner);
    }
}

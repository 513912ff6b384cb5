using Lease.Actors.Configuration;

namespace Lease.Host.Configuration;

/// <summary>The options that can be configured by name: the standard ones and those of <c>option-def</c>.</summary>
internal sealed class OptionDefinitions(OptionUniverse universe)
{
    private readonly List<OptionType> types = [.. universe.Standard];
    private readonly List<OptionDefinition> defined = [];

    /// <summary>What <c>option-def</c> added.</summary>
    public IReadOnlyList<OptionDefinition> Defined => defined;

    /// <summary>Letters, digits, <c>-</c> and <c>_</c> within, as Kea has it for options and spaces.</summary>
    public static bool IsName(string text)
        => text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && text[0] is not ('-' or '_') && text[^1] is not ('-' or '_');

    /// <summary>The definition with this code, or where it is null with this name. Of several names for one code the one that is given counts.</summary>
    public OptionType? Find(string space, uint? code, string? name)
        => types.Find(t => t.Space == space && t.Name == name && (code is null || t.Code == code))
            ?? (code is null ? null : types.Find(t => t.Space == space && t.Code == code));

    /// <summary>Whether some option holds options of this space.</summary>
    public bool IsEncapsulated(string space) => types.Exists(t => t.Encapsulates == space);

    /// <summary>Reads <c>option-def</c>.</summary>
    public void Read(ConfigurationNode parent)
    {
        foreach (var node in parent.Objects("option-def"))
        {
            if (ReadOne(node) is { } type && Check(node, type))
            {
                types.Add(type);
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
        if (types.Exists(t => t.Space == type.Space && (t.Name == type.Name || t.Code == type.Code)))
            return ("code", $"{type.Name} ({type.Code}) is defined already in space {type.Space}");
        return type.Encapsulates is { } inner && Reaches(inner, type.Space) ? ("encapsulate", $"space {inner} would hold itself") : null;
    }

    // Ends, as no definition that closes a circle is ever added.
    private bool Reaches(string space, string other)
        => space == other || types.Exists(t => t.Space == space && t.Encapsulates is { } inner && Reaches(inner, other));
}

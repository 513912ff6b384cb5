using System.Globalization;
using Lease.Actors.Configuration;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>option-def</c> and <c>option-data</c> lists.</summary>
internal sealed class OptionDataReader
{
    private const string VendorSpace = "vendor-";

    private readonly List<OptionType> types = [.. StandardOptions.All];

    /// <summary>The definitions of <c>option-def</c>.</summary>
    public List<OptionDefinition> Definitions { get; } = [];

    public void ReadDefinitions(ConfigurationNode parent)
    {
        foreach (var node in parent.Objects("option-def"))
        {
            var name = node.Text("name");
            var code = node.Number("code", 1, ushort.MaxValue);
            var space = node.Text("space") ?? StandardOptions.Dhcp6;
            var type = node.Choice("type", OptionTypes.Names);
            var isArray = node.Flag("array") ?? false;
            var fields = (node.Text("record-types") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var encapsulates = node.Text("encapsulate") is { Length: > 0 } inner ? inner : null;
            node.RefuseUnknown();
            foreach (var field in fields.Where(static f => f is "record" or "empty" || !OptionTypes.Names.Contains(f)))
                node.Error("record-types", $"{field} is no type of a field: allowed are {string.Join(", ", OptionTypes.Names)}");
            if (name is null || code is null || type is null)
            {
                node.Error("needs name, code and type");
                continue;
            }

            if (type == "record" != fields.Length > 0)
                node.Error("record-types", "goes with type record, and only with it");
            else if (types.Exists(t => t.Space == space && (t.Name == name || t.Code == code)))
                node.Error("code", $"{name} ({code}) is defined already in space {space}");
            else
            {
                types.Add(new OptionType(name, (ushort)code, space, type, isArray, fields, encapsulates));
                Definitions.Add(new OptionDefinition(name, (ushort)code, space, type));
            }
        }
    }

    /// <summary>Reads one level's <c>option-data</c>.</summary>
    public OptionSet Read(ConfigurationNode parent)
    {
        var entries = new List<Entry>();
        foreach (var node in parent.Objects("option-data"))
        {
            if (ReadEntry(node) is not { } entry)
                continue;
            if (entries.Exists(e => e.Space == entry.Space && e.Code == entry.Code))
                node.Error($"option {entry.Code} of space {entry.Space} stands twice at this level");
            entries.Add(entry);
        }

        return new OptionSet(entries.Select(e => ToOption(e, entries)).OfType<ConfiguredOption>());
    }

    private Entry? ReadEntry(ConfigurationNode node)
    {
        var space = node.Text("space") ?? StandardOptions.Dhcp6;
        var name = node.Text("name");
        var code = node.Number("code", 1, ushort.MaxValue);
        var text = node.Text("data");
        var csv = node.Flag("csv-format");
        var alwaysSend = node.Flag("always-send") ?? false;
        var neverSend = node.Flag("never-send") ?? false;
        node.WithoutEffect("has no effect: client classes are not served yet", "client-classes");
        node.RefuseUnknown();
        if (name is null && code is null)
        {
            node.Error("needs name or code");
            return null;
        }

        var type = types.Find(t => t.Space == space && (code is null ? t.Name == name : t.Code == code));
        if (type is not null && name is not null && type.Name != name)
            node.Error("name", $"code {code} is {type.Name} in space {space}, not {name}");
        if (type is null && code is null)
        {
            node.Error("name", $"{name} is no option of space {space}: give its code, or define it in option-def");
            return null;
        }

        return Encode(node, new Entry(space, type?.Code ?? (ushort)code!, [], alwaysSend, neverSend, type?.Encapsulates), type, text ?? "", csv ?? type is not null);
    }

    private static Entry? Encode(ConfigurationNode node, Entry entry, OptionType? type, string text, bool csv)
    {
        if (csv && type is null)
        {
            node.Error("csv-format", $"option {entry.Code} of space {entry.Space} has no definition: define it in option-def, or give hexadecimal data with csv-format false");
            return null;
        }

        if (csv)
        {
            if (OptionTypes.TryEncode(type!, text, out var encoded, out var problem))
                return entry with { Data = encoded };
            node.Error("data", $"option {type!.Name} {problem}");
            return null;
        }

        var digits = text.Replace(" ", "", StringComparison.Ordinal);
        if (digits.Length == 0)
            return entry;
        if (Duid.TryParse(digits, out var data))
            return entry with { Data = data };
        node.Error("data", $"\"{text}\" is not hexadecimal");
        return null;
    }

    private static ConfiguredOption? ToOption(Entry entry, List<Entry> all)
    {
        if (entry.Space == StandardOptions.Dhcp6)
        {
            // VENDOR_OPTS itself only names the enterprise; what goes in comes from space vendor-N.
            return entry.Code == (ushort)OptionCode.VendorOptions && entry.Data.Length == 4
                ? null
                : new ConfiguredOption(entry.Code, Vendor: null, WithInner(entry, all), entry.AlwaysSend, entry.NeverSend);
        }

        return entry.Space.StartsWith(VendorSpace, StringComparison.Ordinal)
            && uint.TryParse(entry.Space.AsSpan(VendorSpace.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var vendor)
            ? new ConfiguredOption(entry.Code, vendor, WithInner(entry, all), entry.AlwaysSend, entry.NeverSend)
            : null;
    }

    private static byte[] WithInner(Entry entry, List<Entry> all)
    {
        if (entry.Encapsulates is null)
            return entry.Data;
        var data = new List<byte>(entry.Data);
        foreach (var inner in all.Where(e => e.Space == entry.Encapsulates))
        {
            var octets = WithInner(inner, all);
            data.AddRange([(byte)(inner.Code >> 8), (byte)inner.Code, (byte)(octets.Length >> 8), (byte)octets.Length, .. octets]);
        }

        return [.. data];
    }

    private sealed record Entry(string Space, ushort Code, byte[] Data, bool AlwaysSend, bool NeverSend, string? Encapsulates);
}

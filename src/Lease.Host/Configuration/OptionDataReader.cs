using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Lease.Actors.Configuration;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>option-data</c> lists.</summary>
internal sealed class OptionDataReader(OptionUniverse universe)
{
    private const string VendorSpace = "vendor-";

    // Kea's name for the options inside VENDOR_OPTS, of whichever vendor that names.
    private const string AnyVendorSpace = "vendor-opts-space";

    /// <summary>The options that can be configured by name.</summary>
    public OptionDefinitions Definitions { get; } = new(universe);

    /// <summary>Reads one level's <c>option-data</c>.</summary>
    public OptionSet Read(ConfigurationNode parent)
    {
        var entries = new List<Entry>();
        var seen = new HashSet<(string Space, ushort Code)>();
        foreach (var node in parent.Objects("option-data"))
        {
            if (ReadEntry(node) is not { } entry)
                continue;
            if (!seen.Add((entry.Space, entry.Code)))
                node.Error($"option {entry.Code} of space {entry.Space} stands twice at this level");
            entries.Add(entry);
        }

        GiveVendor(entries);
        var encapsulated = entries.Select(static e => e.Encapsulates).ToHashSet();
        foreach (var entry in entries)
            CheckSpace(entry, encapsulated);
        var bySpace = entries.ToLookup(static e => e.Space);
        return new OptionSet(entries.Select(e => ToOption(e, bySpace)).OfType<ConfiguredOption>());
    }

    private static void GiveVendor(List<Entry> entries)
    {
        var vendor = entries.Find(static e => e.Space == StandardOptions.Dhcp6 && e.Code == (ushort)OptionCode.VendorOptions && e.Data.Length >= 4);
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Space != AnyVendorSpace)
                continue;
            if (vendor is null)
                entries[i].Node.Error("space", $"needs vendor-opts with the enterprise number at the same level; or name the space {VendorSpace}NUMBER");
            else
                entries[i] = entries[i] with { Space = string.Create(CultureInfo.InvariantCulture, $"{VendorSpace}{BinaryPrimitives.ReadUInt32BigEndian(vendor.Data)}") };
        }
    }

    private void CheckSpace(Entry entry, HashSet<string?> encapsulated)
    {
        if (entry.Space == universe.Space || entry.Space == AnyVendorSpace || TryVendor(entry.Space, out _))
            return;
        if (!Definitions.IsEncapsulated(entry.Space))
            entry.Node.Error("space", $"\"{entry.Space}\" is no option space: must be {universe.Space}, {VendorSpace}NUMBER or a space that an option encapsulates");
        else if (!encapsulated.Contains(entry.Space))
            entry.Node.Warn("space", $"is not sent: no option at this level encapsulates {entry.Space}");
    }

    private Entry? ReadEntry(ConfigurationNode node)
    {
        var space = node.Text("space") ?? universe.Space;
        var name = node.Text("name");
        var code = node.Number("code", 1, universe.MaxCode);
        var text = node.Text("data");
        var csv = node.Flag("csv-format");
        var alwaysSend = node.Flag("always-send") ?? false;
        var neverSend = node.Flag("never-send") ?? false;
        node.WithoutEffect("has no effect: it is sent to clients of all classes; give it in client-classes", "client-classes");
        node.RefuseUnknown();
        if (name is null && code is null)
        {
            node.Error("needs name or code");
            return null;
        }

        var type = Definitions.Find(space, code, name);
        if (type is not null && name is not null && type.Name != name)
            node.Error("name", $"code {code} is {type.Name} in space {space}, not {name}");
        if (type is null && code is null)
        {
            node.Error("name", $"{name} is no option of space {space}: give its code, or define it in option-def");
            return null;
        }

        var entry = new Entry(node, space, type?.Code ?? (ushort)code!, [], alwaysSend, neverSend, type?.Encapsulates);
        return neverSend && text is null ? entry : Encode(entry, type, text ?? "", csv ?? type is not null);
    }

    private static Entry? Encode(Entry entry, OptionType? type, string text, bool csv)
    {
        if (csv && type is null)
        {
            entry.Node.Error("csv-format", $"option {entry.Code} of space {entry.Space} has no definition: define it in option-def, or give hexadecimal data with csv-format false");
            return null;
        }

        if (csv)
        {
            if (OptionTypes.TryEncode(type!, text, out var encoded, out var problem))
                return entry with { Data = encoded };
            entry.Node.Error("data", $"option {type!.Name} {problem}");
            return null;
        }

        if (!TryOctets(text, out var data))
            entry.Node.Error("data", $"\"{text}\" is not hexadecimal");
        else if (type is not null && !OptionLayout.Fits(type, data))
            entry.Node.Error("data", $"\"{text}\" has not the form of option {type.Name}: must be {type.Shown}");
        else
            return entry with { Data = data };
        return null;
    }

    // As in Kea: 0a0b, 0x0a0b, 0a:0b, 0a 0b, with a missing first zero, or a text in single quotes.
    private static bool TryOctets(string text, out byte[] octets)
    {
        var digits = text.Trim();
        octets = digits is ['\'', .., '\''] ? Encoding.UTF8.GetBytes(digits[1..^1]) : [];
        if (octets.Length > 0 || digits.Length == 0)
            return true;
        if (digits.Contains(' ', StringComparison.Ordinal))
            return Duid.TryParse(digits.Replace(' ', ':'), out octets);
        digits = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? digits[2..] : digits;
        var isOdd = digits.Length % 2 != 0 && !digits.Contains(':', StringComparison.Ordinal);
        return Duid.TryParse(isOdd ? "0" + digits : digits, out octets);
    }

    private ConfiguredOption? ToOption(Entry entry, ILookup<string, Entry> bySpace)
    {
        if (entry.Space == universe.Space)
        {
            // VENDOR_OPTS itself only names the enterprise; what goes in comes from space vendor-N.
            return entry.Space == StandardOptions.Dhcp6 && entry.Code == (ushort)OptionCode.VendorOptions && entry.Data.Length == 4
                ? null
                : new ConfiguredOption(entry.Code, Vendor: null, WithInner(entry, bySpace), entry.AlwaysSend, entry.NeverSend);
        }

        return TryVendor(entry.Space, out var vendor)
            ? new ConfiguredOption(entry.Code, vendor, WithInner(entry, bySpace), entry.AlwaysSend, entry.NeverSend)
            : null;
    }

    private static bool TryVendor(string space, out uint vendor)
    {
        vendor = 0;
        return space.StartsWith(VendorSpace, StringComparison.Ordinal)
            && uint.TryParse(space.AsSpan(VendorSpace.Length), NumberStyles.None, CultureInfo.InvariantCulture, out vendor);
    }

    private byte[] WithInner(Entry entry, ILookup<string, Entry> bySpace)
    {
        if (entry.Encapsulates is null)
            return entry.Data;
        var data = new List<byte>(entry.Data);
        foreach (var inner in bySpace[entry.Encapsulates])
            data.AddRange(universe.Inner(inner.Code, WithInner(inner, bySpace)));

        return [.. data];
    }

    private sealed record Entry(ConfigurationNode Node, string Space, ushort Code, byte[] Data, bool AlwaysSend, bool NeverSend, string? Encapsulates);
}

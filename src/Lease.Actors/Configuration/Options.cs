namespace Lease.Actors.Configuration;

/// <summary>An <c>option-data</c> entry in wire form.</summary>
/// <param name="Code">Option code.</param>
/// <param name="Vendor">Enterprise number when the option goes inside VENDOR_OPTS (space <c>vendor-N</c>); null for a DHCPv6 option.</param>
/// <param name="Data">The option's data, without code and length.</param>
/// <param name="AlwaysSend">Sent even when the client did not ask for it.</param>
/// <param name="NeverSend">Not sent even when a less specific level sets it.</param>
public sealed record ConfiguredOption(ushort Code, uint? Vendor, byte[] Data, bool AlwaysSend, bool NeverSend);

/// <summary>
/// The options of one level, or of several merged: at most one for each code and vendor. A merged set holds the more specific level's entry
/// (Kea's precedence: host, pool, subnet, shared network, class, global).
/// </summary>
public sealed class OptionSet
{
    private readonly ConfiguredOption[] options;

    /// <summary>Takes <paramref name="options"/>; of several with the same code and vendor the first counts.</summary>
    public OptionSet(IEnumerable<ConfiguredOption> options)
        => this.options = [.. options.DistinctBy(o => (o.Vendor, o.Code)).OrderBy(o => o.Vendor ?? 0).ThenBy(o => o.Code)];

    /// <summary>No options.</summary>
    public static OptionSet Empty { get; } = new([]);

    /// <summary>The options, DHCPv6 options first, by code.</summary>
    public ReadOnlySpan<ConfiguredOption> Options => options;

    /// <summary>The DHCPv6 option with <paramref name="code"/>, or null.</summary>
    public ConfiguredOption? Find(ushort code)
    {
        foreach (var option in options)
        {
            if (option.Code == code && option.Vendor is null)
                return option;
        }

        return null;
    }

    /// <summary>This set, and from <paramref name="lessSpecific"/> what it does not set itself.</summary>
    public OptionSet Over(OptionSet lessSpecific) => options.Length == 0 ? lessSpecific : lessSpecific.options.Length == 0 ? this : new(options.Concat(lessSpecific.options));
}

/// <summary>An <c>option-def</c> entry.</summary>
/// <param name="Name">Name within its space.</param>
/// <param name="Code">Option code.</param>
/// <param name="Space"><c>dhcp6</c> or <c>vendor-N</c>.</param>
/// <param name="Type">Kea's type name: <c>uint16</c>, <c>ipv6-address</c>, <c>record</c>, ...</param>
public sealed record OptionDefinition(string Name, ushort Code, string Space, string Type);

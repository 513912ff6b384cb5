using Lease.Protocol.Dhcp6.Options;

namespace Lease.Protocol.Dhcp6;

/// <summary>One option's data as one line, without the options within it.</summary>
public static class OptionText
{
    /// <summary>The line; empty for an option without data of its own. What does not have its option's form is shown as octets.</summary>
    public static string Of(Option option) => OfStructured(option) ?? OfForm(option);

    /// <summary>The octets of the options within <paramref name="option"/>; empty where it holds none.</summary>
    /// <param name="option">The option.</param>
    /// <param name="ownSpace">Whether their codes are not those of DHCPv6.</param>
    public static ReadOnlySpan<byte> NestedIn(Option option, out bool ownSpace)
    {
        var row = OptionRegistry.RowOf(option.Code);
        ownSpace = row.Form == OptionForm.OwnSpace;
        if (S46RuleOption.TryRead(option, out var rule))
            return rule.Options.Octets;
        if (S46V4V6BindOption.TryRead(option, out var bind))
            return bind.Options.Octets;
        var holdsOptions = row.Form is OptionForm.Container or OptionForm.IaPrefix or OptionForm.OwnSpace;
        return holdsOptions && option.Data.Length >= row.Size ? option.Data[row.Size..] : default;
    }

    private static string? OfStructured(Option option) => option.Code switch
    {
        OptionCode.IaNa or OptionCode.IaTa or OptionCode.IaPd => IaOption.TryRead(option, out var ia) ? ia.ToString() : null,
        OptionCode.IaAddress => IaAddressOption.TryRead(option, out var address) ? address.ToString() : null,
        OptionCode.IaPrefix => IaPrefixOption.TryRead(option, out var prefix) ? prefix.ToString() : null,
        OptionCode.StatusCode => StatusCodeOption.TryRead(option, out var status) ? status.ToString() : null,
        OptionCode.Authentication => AuthOption.TryRead(option, out var auth) ? auth.ToString() : null,
        OptionCode.VendorClass => VendorClassOption.TryRead(option, out var vendorClass) ? vendorClass.ToString() : null,
        OptionCode.VendorOptions => VendorOptsOption.TryRead(option, out var vendor) ? vendor.ToString() : null,
        OptionCode.RemoteId => RemoteIdOption.TryRead(option, out var remote) ? remote.ToString() : null,
        OptionCode.ClientFqdn => ClientFqdnOption.TryRead(option, out var fqdn) ? fqdn.ToString() : null,
        OptionCode.ClientLinkLayerAddress => ClientLinkLayerAddressOption.TryRead(option, out var hardware) ? hardware.ToString() : null,
        OptionCode.LqQuery => LqQueryOption.TryRead(option, out var query) ? query.ToString() : null,
        OptionCode.LqRelayData => LqRelayDataOption.TryRead(option, out var relay) ? relay.ToString() : null,
        OptionCode.S46Rule => S46RuleOption.TryRead(option, out var rule) ? rule.ToString() : null,
        OptionCode.S46V4V6Bind => S46V4V6BindOption.TryRead(option, out var bind) ? bind.ToString() : null,
        OptionCode.S46PortParameters => S46PortParametersOption.TryRead(option, out var ports) ? ports.ToString() : null,
        OptionCode.RelayMessage or OptionCode.ClientData => string.Empty,
        OptionCode.ElapsedTime when option.Data.Length == 2 => $"{OfNumber(option.Data)} hundredths of a second",
        OptionCode.ReconfigureMessage when option.Data.Length == 1 => CodeNames.Of((MessageType)option.Data[0]),
        _ => null,
    };

    private static string OfForm(Option option)
    {
        var data = option.Data;
        var row = OptionRegistry.RowOf(option.Code);
        return row.Form switch
        {
            OptionForm.Fixed when data.IsEmpty && row.Size == 0 => string.Empty,
            OptionForm.Container or OptionForm.OwnSpace when row.Size == 0 => string.Empty,
            OptionForm.Number when data.Length == row.Size => OfNumber(data),
            OptionForm.Seconds when OptionList.TryReadNumber(data, out var seconds) => DhcpTime.LifetimeText(seconds),
            OptionForm.AbsoluteTime when data.Length == row.Size => $"{OfNumber(data)} (seconds since 2000)",
            OptionForm.Address or OptionForm.Addresses when data.Length % row.Size == 0 => OfAddresses(data),
            OptionForm.OptionCodes when data.Length % row.Size == 0 => new OptionRequestOption(data).ToString(),
            OptionForm.Numbers when data.Length % row.Size == 0 => OfNumbers(data),
            OptionForm.Duid when !data.IsEmpty => $"{Duid.ToText(data)} ({Duid.KindOf(data)})",
            OptionForm.DomainNames when DomainName.AreValid(data) => DomainName.ToText(data),
            OptionForm.Elements when ElementList.AreValid(data) => new ElementList(data).ToString(),
            OptionForm.ShortPrefix when ShortPrefix.TryRead(data, out var prefix, out _) => prefix.ToString(),
            OptionForm.Text => OctetText.Quote(data),
            _ => OctetText.Describe(data),
        };
    }

    private static string OfNumber(ReadOnlySpan<byte> data) => OptionList.TryReadNumber(data, out var number) ? number.ToString() : OctetText.Describe(data);

    private static string OfNumbers(ReadOnlySpan<byte> data)
    {
        var texts = new string[data.Length / 2];
        for (var i = 0; i < texts.Length; i++)
            texts[i] = OfNumber(data.Slice(i * 2, 2));
        return string.Join(", ", texts);
    }

    private static string OfAddresses(ReadOnlySpan<byte> data)
    {
        var texts = new string[data.Length / Ipv6Address.Size];
        for (var i = 0; i < texts.Length; i++)
            texts[i] = Ipv6Address.Read(data[(i * Ipv6Address.Size)..]).ToString();
        return texts.Length == 0 ? "(empty)" : string.Join(", ", texts);
    }
}

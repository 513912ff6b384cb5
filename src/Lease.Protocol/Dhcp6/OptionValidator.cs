using System.Buffers.Binary;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Protocol.Dhcp6;

/// <summary>
/// Checks options and what is nested in them before anybody reads them, so that readers need no error paths. Bounded: no option is looked at twice, and
/// nesting has a limit.
/// </summary>
public static class OptionValidator
{
    /// <summary>Deepest nesting. CLIENT_DATA in a reply holds IA_PD's IAPREFIX, which holds a status: no definition goes deeper than that, with room to spare.</summary>
    public const int MaxDepth = 6;

    /// <summary>Checks <paramref name="options"/>, which stand <paramref name="offset"/> octets after the start of the packet.</summary>
    /// <returns>The first defect; none when all is well.</returns>
    public static Malformed Validate(ReadOnlySpan<byte> options, int offset) => Validate(options, offset, depth: 0);

    private static Malformed Validate(ReadOnlySpan<byte> options, int offset, int depth)
    {
        if (depth > MaxDepth)
            return new(MalformedReason.NestedTooDeep, OptionCode.None, offset);
        while (!options.IsEmpty)
        {
            if (options.Length < Option.HeaderSize)
                return new(MalformedReason.OptionHeaderTruncated, OptionCode.None, offset, Available: options.Length);
            var code = (OptionCode)BinaryPrimitives.ReadUInt16BigEndian(options);
            int length = BinaryPrimitives.ReadUInt16BigEndian(options[2..]);
            if (length > options.Length - Option.HeaderSize)
                return new(MalformedReason.LengthBeyondEnd, code, offset, length, options.Length - Option.HeaderSize);
            var defect = ValidateData(code, options.Slice(Option.HeaderSize, length), offset, depth);
            if (defect.IsDefect)
                return defect;
            options = options[(Option.HeaderSize + length)..];
            offset += Option.HeaderSize + length;
        }

        return default;
    }

    private static Malformed ValidateData(OptionCode code, ReadOnlySpan<byte> data, int offset, int depth)
    {
        var row = OptionRegistry.RowOf(code);
        return row.Form switch
        {
            OptionForm.Opaque or OptionForm.Text => default,
            OptionForm.Duid => data.Length is 0 or > Duid.MaxLength ? new(MalformedReason.BadDuidLength, code, offset, data.Length) : default,
            OptionForm.Addresses or OptionForm.OptionCodes or OptionForm.Numbers
                => data.Length % row.Size != 0 ? new(MalformedReason.LengthNotMultiple, code, offset, data.Length) : default,
            _ when data.Length < row.Size => new(MalformedReason.OptionTooShort, code, offset, data.Length),
            OptionForm.AtLeast => default,
            OptionForm.Container => Validate(data[row.Size..], offset + Option.HeaderSize + row.Size, depth + 1),
            OptionForm.OwnSpace => AreWhole(data[row.Size..]) ? default : new(MalformedReason.ElementBeyondEnd, code, offset, data.Length),
            OptionForm.IaPrefix => data[8] > 128
                ? new(MalformedReason.BadPrefixLength, code, offset, data.Length)
                : Validate(data[row.Size..], offset + Option.HeaderSize + row.Size, depth + 1),
            OptionForm.Elements => ElementList.AreValid(data[row.Size..]) ? default : new(MalformedReason.ElementBeyondEnd, code, offset, data.Length),
            OptionForm.DomainNames => DomainName.AreValid(data[row.Size..]) ? default : new(MalformedReason.BadDomainName, code, offset, data.Length),
            OptionForm.ShortPrefix or OptionForm.ShortPrefixContainer => ValidateShortPrefix(row, data, offset, depth),
            _ => data.Length > row.Size ? new(MalformedReason.OptionTooLong, code, offset, data.Length) : default,
        };
    }

    // Options of another code space: a defect is told of the option that holds them, their codes would get DHCPv6's names.
    private static bool AreWhole(ReadOnlySpan<byte> options)
    {
        var taken = 0;
        foreach (var option in new OptionList(options))
            taken += Option.HeaderSize + option.Data.Length;
        return taken == options.Length;
    }

    private static Malformed ValidateShortPrefix(OptionRegistry.Row row, ReadOnlySpan<byte> data, int offset, int depth)
    {
        // S46_RULE has an IPv4 prefix as well: its length is at octet 2 (RFC 7598 section 4.1).
        if (!ShortPrefix.TryRead(data[row.Size..], out _, out var taken) || (row.Code == OptionCode.S46Rule && data[2] > 32))
            return new(MalformedReason.BadPrefixLength, row.Code, offset, data.Length);
        var end = row.Size + taken;
        if (row.Form == OptionForm.ShortPrefixContainer)
            return Validate(data[end..], offset + Option.HeaderSize + end, depth + 1);
        return data.Length > end ? new(MalformedReason.OptionTooLong, row.Code, offset, data.Length) : default;
    }
}

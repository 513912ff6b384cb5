using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6;

/// <summary>
/// Checks options and what is nested in them before anybody reads them, so that readers need no error paths. Bounded: no option is looked at twice, and
/// nesting has a limit.
/// </summary>
public static class OptionValidator
{
    // CLIENT_DATA in a reply holds IA_PD's IAPREFIX, which holds a status: no definition goes deeper.
    private const int MaxDepth = 6;

    /// <summary>Checks <paramref name="options"/>, which stand <paramref name="offset"/> octets after the start of the packet.</summary>
    public static Malformed Validate(ReadOnlySpan<byte> options, int offset) => Validate(options, offset, depth: 0, ownSpace: false);

    private static Malformed Validate(ReadOnlySpan<byte> options, int offset, int depth, bool ownSpace)
    {
        if (depth > MaxDepth)
            return new(MalformedReason.NestedTooDeep, OptionCode.None, offset);
        while (!options.IsEmpty)
        {
            if (options.Length < Option.HeaderSize)
                return new(MalformedReason.OptionHeaderTruncated, OptionCode.None, offset);
            var code = (OptionCode)BinaryPrimitives.ReadUInt16BigEndian(options);
            int length = BinaryPrimitives.ReadUInt16BigEndian(options[2..]);
            if (length > options.Length - Option.HeaderSize)
                return new(MalformedReason.LengthBeyondEnd, code, offset, length);
            if (!ownSpace)
            {
                var defect = ValidateData(code, options.Slice(Option.HeaderSize, length), offset, depth);
                if (defect.IsDefect)
                    return defect;
            }

            options = options[(Option.HeaderSize + length)..];
            offset += Option.HeaderSize + length;
        }

        return default;
    }

    private static Malformed ValidateData(OptionCode code, ReadOnlySpan<byte> data, int offset, int depth)
    {
        var (form, size) = OptionRegistry.FormOf(code);
        if (form == OptionForm.Opaque)
            return default;
        if (form == OptionForm.Duid)
            return data.Length is 0 or > Duid.MaxLength ? new(MalformedReason.BadDuidLength, code, offset, data.Length) : default;
        if (form == OptionForm.Multiple)
            return data.Length % size != 0 ? new(MalformedReason.LengthNotMultiple, code, offset, data.Length) : default;
        if (data.Length < size)
            return new(MalformedReason.OptionTooShort, code, offset, data.Length);
        return form switch
        {
            OptionForm.Fixed when data.Length > size => new(MalformedReason.OptionTooLong, code, offset, data.Length),
            OptionForm.Container => Nested(code, data, size, offset, depth),
            OptionForm.IaPrefix when data[8] > 128 => new(MalformedReason.BadPrefixLength, code, offset, data.Length),
            OptionForm.IaPrefix => Nested(code, data, size, offset, depth),
            OptionForm.Elements => ValidateElements(code, data[size..], offset),
            OptionForm.DomainNames when !DomainName.AreValid(data[size..]) => new(MalformedReason.BadDomainName, code, offset, data.Length),
            OptionForm.ShortPrefix when data.IsEmpty || data[0] > 128 || data.Length < 1 + ((data[0] + 7) / 8)
                => new(MalformedReason.BadPrefixLength, code, offset, data.Length),
            _ => default,
        };
    }

    private static Malformed Nested(OptionCode code, ReadOnlySpan<byte> data, int fixedPart, int offset, int depth)
    {
        // The options within VENDOR_OPTS and NTP_SERVER have codes of their own: only their lengths can be checked.
        var ownSpace = code is OptionCode.VendorOptions or OptionCode.NtpServer;
        return Validate(data[fixedPart..], offset + Option.HeaderSize + fixedPart, depth + 1, ownSpace);
    }

    private static Malformed ValidateElements(OptionCode code, ReadOnlySpan<byte> data, int offset)
    {
        var length = data.Length;
        while (!data.IsEmpty)
        {
            if (data.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(data) > data.Length - 2)
                return new(MalformedReason.ElementBeyondEnd, code, offset, length);
            data = data[(2 + BinaryPrimitives.ReadUInt16BigEndian(data))..];
        }

        return default;
    }
}

namespace Lease.Protocol.Dhcp4;

/// <summary>
/// Checks a message's options: of the options field and of the fields that they overload. The length of an option counts over all its parts (RFC 3396), so that a split one is no defect.
/// </summary>
internal static class Dhcp4OptionValidator
{
    public static Dhcp4Malformed Validate(ReadOnlySpan<byte> message, int offset, int start)
    {
        Span<int> lengths = stackalloc int[256];
        Span<int> places = stackalloc int[256];
        lengths.Fill(-1);
        var overload = 0;
        var defect = WalkField(message[start..], offset + start, lengths, places, ref overload);
        for (var bit = 1; bit <= 2 && !defect.IsDefect; bit++)
        {
            if ((overload & bit) == 0)
                continue;
            // What an overloaded field says of overloading does not count.
            var ignored = 0;
            var (fieldStart, fieldLength) = Dhcp4Message.FieldOf((byte)bit);
            defect = WalkField(message.Slice(fieldStart, fieldLength), offset + fieldStart, lengths, places, ref ignored);
        }

        return defect.IsDefect ? defect : CheckLengths(lengths, places);
    }

    private static Dhcp4Malformed WalkField(ReadOnlySpan<byte> field, int offset, Span<int> lengths, Span<int> places, ref int overload)
    {
        var i = 0;
        while (i < field.Length && field[i] != (byte)Dhcp4OptionCode.End)
        {
            if (field[i] == (byte)Dhcp4OptionCode.Pad)
            {
                i++;
                continue;
            }

            var code = field[i];
            if (i + 1 == field.Length)
                return new(Dhcp4Defect.OptionHeaderTruncated, (Dhcp4OptionCode)code, offset + i);
            var length = field[i + 1];
            var left = field.Length - i - Dhcp4Option.HeaderSize;
            if (length > left)
                return new(Dhcp4Defect.LengthBeyondEnd, (Dhcp4OptionCode)code, offset + i, length, left);
            var data = field.Slice(i + Dhcp4Option.HeaderSize, length);
            if (DefectOf((Dhcp4OptionCode)code, data, isFirst: lengths[code] < 0) is not Dhcp4Defect.None and var defect)
                return new(defect, (Dhcp4OptionCode)code, offset + i, length);
            if (code == (byte)Dhcp4OptionCode.Overload && length == 1 && lengths[code] < 0)
                overload = data[0];
            if (lengths[code] < 0)
                (lengths[code], places[code]) = (0, offset + i);
            lengths[code] += length;
            i += Dhcp4Option.HeaderSize + length;
        }

        return default;
    }

    private static Dhcp4Defect DefectOf(Dhcp4OptionCode code, ReadOnlySpan<byte> data, bool isFirst) => code switch
    {
        Dhcp4OptionCode.Overload when data.Length == 1 && data[0] is 0 or > 3 => Dhcp4Defect.BadValue,
        Dhcp4OptionCode.MessageType when data.Length == 1 && data[0] == 0 => Dhcp4Defect.BadValue,
        Dhcp4OptionCode.PortParameters when data.Length == PortParameters.Size && data[0] + data[1] > 16 => Dhcp4Defect.BadValue,

        // Of a split option no part is whole by itself.
        Dhcp4OptionCode.RelayAgentInformation when isFirst && data.Length < Dhcp4Option.MaxData && !new SubOptionList(data).AreWhole => Dhcp4Defect.ElementBeyondEnd,
        _ => Dhcp4Defect.None,
    };

    private static Dhcp4Malformed CheckLengths(ReadOnlySpan<int> lengths, ReadOnlySpan<int> places)
    {
        for (var code = 1; code < lengths.Length; code++)
        {
            if (lengths[code] < 0)
                continue;
            var (form, size) = Dhcp4OptionRegistry.FormOf((Dhcp4OptionCode)code);
            var defect = form switch
            {
                Dhcp4OptionForm.Opaque => Dhcp4Defect.None,
                Dhcp4OptionForm.ListOf => lengths[code] % size != 0 || lengths[code] == 0 ? Dhcp4Defect.LengthNotMultiple : Dhcp4Defect.None,
                _ when lengths[code] < size => Dhcp4Defect.OptionTooShort,
                Dhcp4OptionForm.Fixed => lengths[code] > size ? Dhcp4Defect.OptionTooLong : Dhcp4Defect.None,
                _ => Dhcp4Defect.None,
            };
            if (defect != Dhcp4Defect.None)
                return new(defect, (Dhcp4OptionCode)code, places[code], lengths[code]);
        }

        return default;
    }
}

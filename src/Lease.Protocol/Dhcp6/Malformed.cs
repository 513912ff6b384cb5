using System.Runtime.InteropServices;

namespace Lease.Protocol.Dhcp6;

/// <summary>What is wrong with octets from the network.</summary>
public enum MalformedReason : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The message ends within its fixed part.</summary>
    HeaderTruncated,

    /// <summary>Fewer than four octets are left for an option's code and length.</summary>
    OptionHeaderTruncated,

    /// <summary>An option's length goes beyond the end of what contains it.</summary>
    LengthBeyondEnd,

    /// <summary>An option is shorter than its fixed part.</summary>
    OptionTooShort,

    /// <summary>An option of fixed length is longer than that.</summary>
    OptionTooLong,

    /// <summary>An option's length is not a multiple of its element's.</summary>
    LengthNotMultiple,

    /// <summary>A prefix length is over 128, or the prefix does not fit its length.</summary>
    BadPrefixLength,

    /// <summary>A DUID is not 1 to 130 octets long.</summary>
    BadDuidLength,

    /// <summary>An element within an option, or an option of another code space, goes beyond the option's end.</summary>
    ElementBeyondEnd,

    /// <summary>A domain name is not in the form of RFC 1035 section 3.1, or compressed.</summary>
    BadDomainName,

    /// <summary>Options stand within options deeper than any definition allows.</summary>
    NestedTooDeep,

    /// <summary>The message passed more relays than HOP_COUNT_LIMIT.</summary>
    TooManyHops,

    /// <summary>A RELAY-FORW holds no message.</summary>
    RelayMessageMissing,
}

/// <summary>A defect in a message: what, in which option, where.</summary>
/// <param name="Reason">What is wrong; <see cref="MalformedReason.None"/>: nothing.</param>
/// <param name="Option">The option concerned; <see cref="OptionCode.None"/> for the message's fixed part.</param>
/// <param name="Offset">Octets from the start of the packet to the option (or to the end of a truncated header).</param>
/// <param name="Length">The option's length as it says itself, where that matters.</param>
/// <param name="Available">Octets that are left where more are needed.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Malformed(MalformedReason Reason, OptionCode Option, int Offset, int Length = 0, int Available = 0)
{
    /// <summary>Whether there is a defect.</summary>
    public bool IsDefect => Reason != MalformedReason.None;

    /// <summary>One line: <c>option IA_NA (3) at offset 17: length 400 goes beyond the end (212 left)</c>.</summary>
    public override string ToString() => Option == OptionCode.None
        ? $"message at offset {Offset}: {Explanation}"
        : $"option {OptionRegistry.NameOf(Option)} ({(ushort)Option}) at offset {Offset}: {Explanation}";

    private string Explanation => Reason switch
    {
        MalformedReason.None => "well-formed",
        MalformedReason.HeaderTruncated => "ends within its header",
        MalformedReason.OptionHeaderTruncated => $"too few octets for an option ({Available} left)",
        MalformedReason.LengthBeyondEnd => $"length {Length} goes beyond the end ({Available} left)",
        MalformedReason.OptionTooShort => $"length {Length} is shorter than its fixed part",
        MalformedReason.OptionTooLong => $"length {Length} is longer than its definition",
        MalformedReason.LengthNotMultiple => $"length {Length} is not a multiple of its elements' length",
        MalformedReason.BadPrefixLength => "bad prefix length",
        MalformedReason.BadDuidLength => $"length {Length} is not that of a DUID (1 to {Duid.MaxLength})",
        MalformedReason.ElementBeyondEnd => "an element goes beyond its end",
        MalformedReason.BadDomainName => "bad domain name",
        MalformedReason.NestedTooDeep => $"options are nested deeper than {OptionValidator.MaxDepth} levels",
        MalformedReason.TooManyHops => $"more than {RelayChain.MaxHops} relays",
        MalformedReason.RelayMessageMissing => "missing",
        _ => Reason.ToString(),
    };
}

using System.Runtime.InteropServices;

namespace Lease.Protocol.Dhcp4;

/// <summary>What is wrong with a DHCPv4 message.</summary>
public enum Dhcp4Defect : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The message ends within its fixed part.</summary>
    HeaderTruncated,

    /// <summary>Neither BOOTREQUEST nor BOOTREPLY.</summary>
    BadOperation,

    /// <summary>The hardware address is said to be longer than its field.</summary>
    HardwareAddressTooLong,

    /// <summary>An option's length is missing.</summary>
    OptionHeaderTruncated,

    /// <summary>An option's length goes beyond the end of the field that contains it.</summary>
    LengthBeyondEnd,

    /// <summary>An option is shorter than its definition, all its parts taken together (RFC 3396).</summary>
    OptionTooShort,

    /// <summary>An option of fixed length is longer than that.</summary>
    OptionTooLong,

    /// <summary>An option's length is not a multiple of its element's.</summary>
    LengthNotMultiple,

    /// <summary>A value that its definition does not have.</summary>
    BadValue,

    /// <summary>A sub-option goes beyond its option's end.</summary>
    ElementBeyondEnd,
}

/// <summary>A defect in a DHCPv4 message: what, in which option, where.</summary>
/// <param name="Defect">What is wrong; <see cref="Dhcp4Defect.None"/>: nothing.</param>
/// <param name="Option">The option concerned; <see cref="Dhcp4OptionCode.Pad"/> for the message's fixed part.</param>
/// <param name="Offset">Octets from the start of the packet to the option, or to the field.</param>
/// <param name="Length">The length as the message says it itself, where that matters.</param>
/// <param name="Available">Octets that are left where more are needed.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Dhcp4Malformed(Dhcp4Defect Defect, Dhcp4OptionCode Option, int Offset, int Length = 0, int Available = 0)
{
    /// <summary>Whether there is a defect.</summary>
    public bool IsDefect => Defect != Dhcp4Defect.None;

    /// <summary>One line: <c>option dhcp-lease-time (51) at offset 246: length 9 goes beyond the end (3 left)</c>.</summary>
    public override string ToString() => Option == Dhcp4OptionCode.Pad
        ? $"DHCPv4 message at offset {Offset}: {Explanation}"
        : $"option {Dhcp4OptionRegistry.NameOf(Option)} ({(byte)Option}) at offset {Offset}: {Explanation}";

    private string Explanation => Defect switch
    {
        Dhcp4Defect.None => "well-formed",
        Dhcp4Defect.HeaderTruncated => "ends within its header",
        Dhcp4Defect.BadOperation => $"op {Length} is neither BOOTREQUEST (1) nor BOOTREPLY (2)",
        Dhcp4Defect.HardwareAddressTooLong => $"hardware address of {Length} octets (at most {Dhcp4Message.HardwareAddressSize})",
        Dhcp4Defect.OptionHeaderTruncated => "ends before its length",
        Dhcp4Defect.LengthBeyondEnd => $"length {Length} goes beyond the end ({Available} left)",
        Dhcp4Defect.OptionTooShort => $"length {Length} is shorter than its definition",
        Dhcp4Defect.OptionTooLong => $"length {Length} is longer than its definition",
        Dhcp4Defect.LengthNotMultiple => $"length {Length} is not a multiple of its elements' length",
        Dhcp4Defect.BadValue => "a value that is not defined",
        Dhcp4Defect.ElementBeyondEnd => "a sub-option goes beyond its end",
        _ => Defect.ToString(),
    };
}

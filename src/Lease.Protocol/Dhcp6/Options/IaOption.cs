using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>
/// IA_NA and IA_PD (RFC 8415 sections 21.4, 21.21): IAID u32, T1 u32 s, T2 u32 s, options; IA_TA (section 21.5): IAID u32, options.
/// </summary>
public readonly ref struct IaOption
{
    private IaOption(OptionCode code, ReadOnlySpan<byte> data)
    {
        Code = code;
        Iaid = BinaryPrimitives.ReadUInt32BigEndian(data);
        if (code == OptionCode.IaTa)
        {
            Options = new(data[4..]);
            return;
        }

        T1 = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        T2 = BinaryPrimitives.ReadUInt32BigEndian(data[8..]);
        Options = new(data[12..]);
    }

    /// <summary><see cref="OptionCode.IaNa"/>, <see cref="OptionCode.IaTa"/> or <see cref="OptionCode.IaPd"/>.</summary>
    public OptionCode Code { get; }

    /// <summary>The client's number for the association, unique within its kind.</summary>
    public uint Iaid { get; }

    /// <summary>Seconds until the client renews; 0: its own choice; 0xffffffff: never. 0 in an IA_TA, which has none.</summary>
    public uint T1 { get; }

    /// <summary>Seconds until the client rebinds; as for <see cref="T1"/>.</summary>
    public uint T2 { get; }

    /// <summary>IAADDR or IAPREFIX options, and a status.</summary>
    public OptionList Options { get; }

    /// <summary>Whether <paramref name="code"/> is an identity association.</summary>
    public static bool Is(OptionCode code) => code is OptionCode.IaNa or OptionCode.IaTa or OptionCode.IaPd;

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out IaOption ia)
    {
        ia = default;
        if (!Is(option.Code) || option.Data.Length < (option.Code == OptionCode.IaTa ? 4 : 12))
            return false;
        ia = new(option.Code, option.Data);
        return true;
    }

    /// <summary>Writes code, IAID, T1 and T2; the caller writes the options and ends the option.</summary>
    /// <returns>The mark for <see cref="Dhcp6Writer.EndOption"/>.</returns>
    public static int Begin(ref Dhcp6Writer writer, OptionCode code, uint iaid, uint t1, uint t2)
    {
        var mark = writer.BeginOption(code);
        writer.U32(iaid);
        if (code == OptionCode.IaTa)
            return mark;
        writer.U32(t1);
        writer.U32(t2);
        return mark;
    }

    /// <inheritdoc/>
    public override string ToString() => Code == OptionCode.IaTa
        ? $"iaid={Iaid}"
        : $"iaid={Iaid} t1={DhcpTime.LifetimeText(T1)} t2={DhcpTime.LifetimeText(T2)}";
}

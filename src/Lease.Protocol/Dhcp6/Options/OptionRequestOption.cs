using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>ORO (RFC 8415 section 21.7) and ERO (RFC 4994): option codes, u16 each.</summary>
/// <param name="data">The option's data, a multiple of 2 octets.</param>
public readonly ref struct OptionRequestOption(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> data = data;

    /// <summary>Number of codes.</summary>
    public int Count => data.Length / 2;

    /// <summary>The code at <paramref name="index"/>, 0..<see cref="Count"/>-1.</summary>
    public OptionCode this[int index] => (OptionCode)BinaryPrimitives.ReadUInt16BigEndian(data[(index * 2)..]);

    /// <summary>The ORO among <paramref name="options"/>; empty where there is none.</summary>
    public static OptionRequestOption In(OptionList options, OptionCode code = OptionCode.OptionRequest)
        => options.TryGet(code, out var data) ? new(data) : default;

    /// <summary>Whether <paramref name="code"/> is asked for.</summary>
    public bool Contains(OptionCode code)
    {
        for (var i = 0; i < Count; i++)
        {
            if (this[i] == code)
                return true;
        }

        return false;
    }

    /// <summary>The codes with their names.</summary>
    public override string ToString()
    {
        var texts = new string[Count];
        for (var i = 0; i < Count; i++)
            texts[i] = $"{OptionRegistry.NameOf(this[i])} ({(ushort)this[i]})";
        return string.Join(", ", texts);
    }

    /// <summary>Writes the option.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="requested">The codes.</param>
    /// <param name="code"><see cref="OptionCode.OptionRequest"/> or <see cref="OptionCode.EchoRequest"/>.</param>
    public static void Write(ref Dhcp6Writer writer, scoped ReadOnlySpan<OptionCode> requested, OptionCode code = OptionCode.OptionRequest)
    {
        var mark = writer.BeginOption(code);
        foreach (var one in requested)
            writer.U16((ushort)one);
        writer.EndOption(mark);
    }
}

using System.Globalization;
using System.Net;

namespace Lease.Actors.Classification;

/// <summary><c>hexstring</c>: pairs of digits with a separator.</summary>
internal sealed class HexText(Value value, Value separator) : Value
{
    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation)
    {
        var octets = value.Of(ref evaluation);
        var between = separator.Of(ref evaluation);
        var length = octets.IsEmpty ? 0 : (2L * octets.Length) + ((octets.Length - 1L) * between.Length);
        var text = evaluation.Take((int)Math.Min(length, int.MaxValue));
        if (text.IsEmpty)
            return text;
        var place = 0;
        for (var i = 0; i < octets.Length; i++)
        {
            if (i > 0)
            {
                between.CopyTo(text[place..]);
                place += between.Length;
            }

            text[place++] = Digit(octets[i] >> 4);
            text[place++] = Digit(octets[i] & 15);
        }

        return text;
    }

    private static byte Digit(int value) => (byte)"0123456789abcdef"[value];
}

/// <summary><c>addrtotext</c>: the text of 4 or 16 octets.</summary>
internal sealed class AddressText(Value value) : Value
{
    private const int MaxText = 45;

    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation)
    {
        var octets = value.Of(ref evaluation);
        if (octets.IsEmpty)
            return default;
        if (octets.Length is not (4 or 16))
            return evaluation.Fail();
        var text = evaluation.Take(MaxText);
        return new IPAddress(octets).TryFormat(text, out var written) ? text[..written] : evaluation.Fail();
    }
}

/// <summary><c>int8totext</c> to <c>uint32totext</c>: the decimal text of a number of just so many octets.</summary>
internal sealed class NumberText(Value value, int size, bool isSigned) : Value
{
    private const int MaxText = 11;

    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation)
    {
        var octets = value.Of(ref evaluation);
        if (octets.IsEmpty)
            return default;
        if (octets.Length != size)
            return evaluation.Fail();
        var number = isSigned && (octets[0] & 0x80) != 0 ? -1L : 0L;
        foreach (var octet in octets)
            number = (number << 8) | octet;
        var text = evaluation.Take(MaxText);
        return number.TryFormat(text, out var written, provider: CultureInfo.InvariantCulture) ? text[..written] : evaluation.Fail();
    }
}

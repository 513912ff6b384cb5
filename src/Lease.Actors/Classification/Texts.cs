namespace Lease.Actors.Classification;

/// <summary>A value that stands in the expression.</summary>
internal sealed class Literal(byte[] octets) : Value
{
    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation) => octets;
}

/// <summary><c>concat</c> and <c>+</c>.</summary>
internal sealed class Concat(Value[] parts) : Value
{
    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation)
    {
        var joined = parts[0].Of(ref evaluation);
        for (var i = 1; i < parts.Length; i++)
            joined = evaluation.Join(joined, parts[i].Of(ref evaluation));
        return joined;
    }
}

/// <summary><c>ifelse</c>.</summary>
internal sealed class IfElse(Condition condition, Value whenTrue, Value whenFalse) : Value
{
    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation) => condition.IsTrue(ref evaluation) ? whenTrue.Of(ref evaluation) : whenFalse.Of(ref evaluation);
}

/// <summary><c>substring</c>: a start below 0 counts from the end, a length below 0 goes towards the beginning and leaves the octet at the start out.</summary>
internal sealed class Substring(Value value, int start, int length) : Value
{
    public const int All = int.MaxValue;

    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation)
    {
        var octets = value.Of(ref evaluation);
        var first = start < 0 ? (long)octets.Length + start : start;
        if (first < 0 || first >= octets.Length)
            return default;
        if (length >= 0)
            return octets.Slice((int)first, Math.Min(length, octets.Length - (int)first));
        var from = (int)Math.Max(0, first + length);
        return octets[from..(int)first];
    }
}

/// <summary><c>split</c>: the field of a number, counted from 1, between any of the delimiters.</summary>
internal sealed class Split(Value value, Value delimiters, int field) : Value
{
    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation)
    {
        var rest = value.Of(ref evaluation);
        var between = delimiters.Of(ref evaluation);
        if (between.IsEmpty)
            return rest;
        for (var number = 1; ; number++)
        {
            var end = rest.IndexOfAny(between);
            if (number == field)
                return end < 0 ? rest : rest[..end];
            if (end < 0)
                return default;
            rest = rest[(end + 1)..];
        }
    }
}

/// <summary><c>lcase</c> and <c>ucase</c>, of ASCII letters.</summary>
internal sealed class Cased(Value value, bool isUpper) : Value
{
    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation)
    {
        var octets = value.Of(ref evaluation);
        var cased = evaluation.Take(octets.Length);
        for (var i = 0; i < cased.Length; i++)
            cased[i] = isUpper ? Upper(octets[i]) : Lower(octets[i]);
        return cased;
    }

    private static byte Upper(byte octet) => octet is >= (byte)'a' and <= (byte)'z' ? (byte)(octet - 32) : octet;

    private static byte Lower(byte octet) => octet is >= (byte)'A' and <= (byte)'Z' ? (byte)(octet + 32) : octet;
}

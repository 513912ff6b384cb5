using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Lease.Protocol;

namespace Lease.Actors.Classification;

/// <content>Literals, functions and what tells of classes.</content>
public sealed partial class ExpressionParser
{
    private const string Allowed =
        "a 'text', 0x and hexadecimal, a number, an address, option, relay4, relay6, pkt, pkt4, pkt6, vendor, vendor-class, substring, concat, split, ifelse, hexstring, lcase, ucase, "
        + "addrtotext, int8totext, int16totext, int32totext, uint8totext, uint16totext, uint32totext, member, known, unknown, not or (";

    private Expression ParseTerm()
    {
        var token = Current;
        next++;
        switch (token.Kind)
        {
            case TokenKind.Text:
                return new Literal(Encoding.UTF8.GetBytes(token.Text));
            case TokenKind.Hexadecimal:
                return new Literal(Convert.FromHexString(token.Text.Length % 2 == 0 ? token.Text[2..] : "0" + token.Text[2..]));
            case TokenKind.Integer:
                return new Literal(OctetsOf((uint)Number(token, 0, uint.MaxValue)));
            case TokenKind.Address:
                return new Literal(OctetsOf(token.Text));
            case TokenKind.Symbol when token.Text == "(":
                var inner = ParseOr();
                Expect(")");
                return inner;
            case TokenKind.Word when (ParsePacket(token) ?? ParseFunction(token)) is { } found:
                return found;
            default:
                next--;
                throw Unexpected(Allowed);
        }
    }

    private Expression? ParseFunction(Token name)
    {
        switch (name.Text)
        {
            case "known":
                return new IsMember(ClassOf(name, ClientClass.Known));
            case "unknown":
                return new Not(new IsMember(ClassOf(name, ClientClass.Known)));
            case "member":
                Expect("(");
                var named = Current;
                if (named.Kind != TokenKind.Text)
                    throw Unexpected("the name of a class in single quotes");
                next++;
                Expect(")");
                return new IsMember(ClassOf(named, named.Text));
            case "substring":
                return ParseSubstring();
            case "split":
                return ParseSplit();
            case "ifelse":
                return ParseIfElse();
            case "concat":
                return Pair(static (a, b) => new Concat([a, b]));
            case "hexstring":
                return Pair(static (a, b) => new HexText(a, b));
            default:
                return ParseConversion(name.Text);
        }
    }

    private Value? ParseConversion(string name) => name switch
    {
        "lcase" => Single(static v => new Cased(v, isUpper: false)),
        "ucase" => Single(static v => new Cased(v, isUpper: true)),
        "addrtotext" => Single(static v => new AddressText(v)),
        "int8totext" => Single(static v => new NumberText(v, 1, isSigned: true)),
        "int16totext" => Single(static v => new NumberText(v, 2, isSigned: true)),
        "int32totext" => Single(static v => new NumberText(v, 4, isSigned: true)),
        "uint8totext" => Single(static v => new NumberText(v, 1, isSigned: false)),
        "uint16totext" => Single(static v => new NumberText(v, 2, isSigned: false)),
        "uint32totext" => Single(static v => new NumberText(v, 4, isSigned: false)),
        _ => null,
    };

    private Value Single(Func<Value, Value> make)
    {
        Expect("(");
        var value = ParseValue();
        Expect(")");
        return make(value);
    }

    private Value Pair(Func<Value, Value, Value> make)
    {
        Expect("(");
        var first = ParseValue();
        Expect(",");
        var second = ParseValue();
        Expect(")");
        return make(first, second);
    }

    private Substring ParseSubstring()
    {
        Expect("(");
        var value = ParseValue();
        Expect(",");
        var start = TakeNumber(int.MinValue + 1, int.MaxValue);
        Expect(",");
        var length = Take(TokenKind.Word, "all") ? Substring.All : TakeNumber(int.MinValue + 1, int.MaxValue);
        Expect(")");
        return new Substring(value, (int)start, (int)length);
    }

    private Split ParseSplit()
    {
        Expect("(");
        var value = ParseValue();
        Expect(",");
        var delimiters = ParseValue();
        Expect(",");
        var field = TakeNumber(int.MinValue + 1, int.MaxValue);
        Expect(")");
        return new Split(value, delimiters, (int)field);
    }

    private IfElse ParseIfElse()
    {
        Expect("(");
        var start = Current;
        var condition = AsCondition(ParseOr(), start);
        Expect(",");
        var whenTrue = ParseValue();
        Expect(",");
        var whenFalse = ParseValue();
        Expect(")");
        return new IfElse(condition, whenTrue, whenFalse);
    }

    // As in Kea, so that no class depends on itself.
    private ClientClass ClassOf(Token at, string name)
        => scope.FindClass(name) ?? throw new ExpressionException(at.Place, $"class {name} must be built in or defined before this one");

    private long TakeNumber(long least, long most)
    {
        if (Current.Kind != TokenKind.Integer)
            throw Unexpected($"a number from {least} to {most}");
        return Number(tokens[next++], least, most);
    }

    private static long Number(Token token, long least, long most)
        => long.TryParse(token.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new ExpressionException(token.Place, $"{token.Text} is not allowed: must be from {least} to {most}");

    private static byte[] OctetsOf(uint number)
    {
        var octets = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(octets, number);
        return octets;
    }

    private static byte[] OctetsOf(string address)
    {
        if (Ipv4Address.TryParse(address, out var ipv4))
            return OctetsOf(ipv4.Value);
        var octets = new byte[Ipv6Address.Size];
        if (Ipv6Address.TryParse(address, out var ipv6))
            ipv6.Write(octets);
        return octets;
    }
}

using System.Buffers;
using Lease.Protocol;

namespace Lease.Actors.Classification;

/// <summary>What a token of an expression is.</summary>
internal enum TokenKind
{
    End,
    Symbol,
    Word,
    Text,
    Hexadecimal,
    Integer,
    Address,
}

/// <summary>A token of an expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of a text without its quotes.</param>
/// <param name="Place">Its first character, counted from 1.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Place)
{
    /// <summary>For messages.</summary>
    public string Shown => Kind switch
    {
        TokenKind.End => "the end",
        TokenKind.Text => $"'{Text}'",
        _ => $"\"{Text}\"",
    };
}

/// <summary>Cuts the text of an expression into tokens.</summary>
internal sealed class ExpressionLexer(string text)
{
    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789abcdefABCDEF:.");

    private int place;

    public static List<Token> Read(string text)
    {
        var lexer = new ExpressionLexer(text);
        var tokens = new List<Token>();
        do
            tokens.Add(lexer.Next());
        while (tokens[^1].Kind != TokenKind.End);
        return tokens;
    }

    private Token Next()
    {
        while (place < text.Length && char.IsWhiteSpace(text[place]))
            place++;
        var rest = text.AsSpan(place);
        if (rest.IsEmpty)
            return Make(TokenKind.End, 0);
        if (rest[0] == '\'')
            return Quoted(rest);
        if (IsHexadecimal(rest))
            return Make(TokenKind.Hexadecimal, 2 + LengthOf(rest[2..], char.IsAsciiHexDigit));
        if (AddressLength(rest) is > 0 and var address)
            return Make(TokenKind.Address, address);
        if (char.IsAsciiDigit(rest[0]) || (rest[0] == '-' && rest.Length > 1 && char.IsAsciiDigit(rest[1])))
            return Make(TokenKind.Integer, 1 + LengthOf(rest[1..], char.IsAsciiDigit));
        if (char.IsAsciiLetter(rest[0]))
            return Make(TokenKind.Word, LengthOf(rest, static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
        return rest.StartsWith("==") ? Make(TokenKind.Symbol, 2) : Symbol(rest[0]);
    }

    private Token Symbol(char symbol) => symbol is '(' or ')' or '[' or ']' or ',' or '.' or '+' or '*'
        ? Make(TokenKind.Symbol, 1)
        : throw new ExpressionException(place + 1, $"\"{symbol}\" has no meaning here{(symbol == '=' ? ": must be ==" : "")}");

    private Token Quoted(ReadOnlySpan<char> rest)
    {
        var length = rest[1..].IndexOf('\'');
        if (length < 0)
            throw new ExpressionException(place + 1, "the text that begins here has no closing quote");
        var token = new Token(TokenKind.Text, rest.Slice(1, length).ToString(), place + 1);
        place += length + 2;
        return token;
    }

    private Token Make(TokenKind kind, int length)
    {
        var token = new Token(kind, text.Substring(place, length), place + 1);
        place += length;
        return token;
    }

    private static bool IsHexadecimal(ReadOnlySpan<char> rest) => rest.Length > 2 && rest[0] == '0' && rest[1] is 'x' or 'X' && char.IsAsciiHexDigit(rest[2]);

    // Numbers and words may begin like addresses.
    private static int AddressLength(ReadOnlySpan<char> rest)
    {
        var length = rest.IndexOfAnyExcept(AddressCharacters);
        var run = length < 0 ? rest : rest[..length];
        var isAddress = run.Contains(':') ? Ipv6Address.TryParse(run.ToString(), out _) : run.Count('.') == 3 && Ipv4Address.TryParse(run.ToString(), out _);
        return isAddress ? run.Length : 0;
    }

    private static int LengthOf(ReadOnlySpan<char> rest, Func<char, bool> belongs)
    {
        var length = 0;
        while (length < rest.Length && belongs(rest[length]))
            length++;
        return length;
    }
}

namespace Lease.Actors.Classification;

/// <summary>
/// Parses the expressions of <c>test</c> and <c>template-test</c> (Kea's manual, "Using Expressions in Classification"): <c>not</c> binds more closely than <c>and</c>, that than <c>or</c>.
/// What holds the packet's fields, options and functions is in <c>ExpressionParser.Terms.cs</c>.
/// </summary>
public sealed partial class ExpressionParser
{
    // Evaluation goes as deep as the expression.
    private const int MaxDepth = 50;

    private readonly List<Token> tokens;
    private readonly ExpressionScope scope;
    private int next;
    private int depth;

    private ExpressionParser(string text, ExpressionScope scope)
    {
        tokens = ExpressionLexer.Read(text);
        this.scope = scope;
    }

    private Token Current => tokens[next];

    /// <summary>Parses what is true or false.</summary>
    /// <exception cref="ExpressionException">It cannot be understood.</exception>
    public static Condition ParseTest(string text, ExpressionScope scope)
    {
        var parser = new ExpressionParser(text, scope);
        var start = parser.Current;
        var condition = AsCondition(parser.ParseOr(), start);
        parser.ExpectEnd();
        return condition;
    }

    /// <summary>Parses what has octets for a value.</summary>
    /// <exception cref="ExpressionException">It cannot be understood.</exception>
    public static Value ParseTemplate(string text, ExpressionScope scope)
    {
        var parser = new ExpressionParser(text, scope);
        var value = parser.ParseValue();
        parser.ExpectEnd();
        return value;
    }

    private Expression ParseOr()
    {
        Enter();
        var expression = ParseTerms("or", ParseAnd, static terms => new AnyOf(terms));
        depth--;
        return expression;
    }

    private Expression ParseAnd() => ParseTerms("and", ParseNot, static terms => new AllOf(terms));

    private Expression ParseTerms(string word, Func<Expression> parse, Func<Condition[], Condition> make)
    {
        var start = Current;
        var first = parse();
        if (!Is(TokenKind.Word, word))
            return first;
        var terms = new List<Condition> { AsCondition(first, start) };
        while (Take(TokenKind.Word, word))
        {
            start = Current;
            terms.Add(AsCondition(parse(), start));
        }

        return make([.. terms]);
    }

    private Expression ParseNot()
    {
        if (!Take(TokenKind.Word, "not"))
            return ParseEqual();
        Enter();
        var start = Current;
        var negated = new Not(AsCondition(ParseNot(), start));
        depth--;
        return negated;
    }

    private Expression ParseEqual()
    {
        var start = Current;
        var left = ParseSum();
        if (!Take(TokenKind.Symbol, "=="))
            return left;
        var value = AsValue(left, start);
        start = Current;
        return new IsEqual(value, AsValue(ParseSum(), start));
    }

    private Expression ParseSum()
    {
        var start = Current;
        var first = ParseTerm();
        if (!Is(TokenKind.Symbol, "+"))
            return first;
        var parts = new List<Value> { AsValue(first, start) };
        while (Take(TokenKind.Symbol, "+"))
        {
            start = Current;
            parts.Add(AsValue(ParseTerm(), start));
        }

        return new Concat([.. parts]);
    }

    private Value ParseValue()
    {
        Enter();
        var start = Current;
        var value = AsValue(ParseSum(), start);
        depth--;
        return value;
    }

    private static Condition AsCondition(Expression expression, Token start)
        => expression as Condition ?? throw new ExpressionException(start.Place, $"{start.Shown} begins a value, which is neither true nor false: compare it with ==");

    private static Value AsValue(Expression expression, Token start)
        => expression as Value ?? throw new ExpressionException(start.Place, $"{start.Shown} begins what is true or false, where a value must be");

    private bool Is(TokenKind kind, string text) => Current.Kind == kind && Current.Text == text;

    private bool Take(TokenKind kind, string text)
    {
        var found = Is(kind, text);
        if (found)
            next++;
        return found;
    }

    private void Expect(string symbol)
    {
        if (!Take(TokenKind.Symbol, symbol))
            throw Unexpected($"\"{symbol}\"");
    }

    private void ExpectEnd()
    {
        if (Current.Kind != TokenKind.End)
            throw Unexpected("\"and\", \"or\", \"==\", \"+\" or the end");
    }

    private ExpressionException Unexpected(string allowed) => new(Current.Place, $"{Current.Shown} is not allowed here: must be {allowed}");

    private void Enter()
    {
        if (++depth > MaxDepth)
            throw new ExpressionException(Current.Place, $"is nested more than {MaxDepth} deep");
    }
}

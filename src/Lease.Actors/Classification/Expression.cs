namespace Lease.Actors.Classification;

/// <summary>A part of a class's expression: parsed once, evaluated for each packet. Evaluating never throws.</summary>
public abstract class Expression;

/// <summary>An expression that is true or false.</summary>
public abstract class Condition : Expression
{
    /// <summary>Whether it holds for the packet.</summary>
    public abstract bool IsTrue(scoped ref Evaluation evaluation);
}

/// <summary>An expression whose value is octets: in the packet, in the expression itself, or in the evaluation's room.</summary>
public abstract class Value : Expression
{
    /// <summary>Its value for the packet; empty where the packet has nothing that could be one.</summary>
    public abstract ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation);
}

/// <summary>Something that a packet may hold, as <c>option[1]</c>.</summary>
public abstract class Source : Expression
{
    /// <summary>Whether the packet has it.</summary>
    public abstract bool TryFind(scoped ref Evaluation evaluation, out ReadOnlySpan<byte> data);
}

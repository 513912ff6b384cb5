namespace Lease.Actors.Classification;

/// <summary>An expression cannot be understood.</summary>
/// <param name="place">Where: a character, counted from 1.</param>
/// <param name="message">What is wrong, and what is allowed.</param>
public sealed class ExpressionException(int place, string message) : Exception(message)
{
    /// <summary>Where: a character, counted from 1.</summary>
    public int Place { get; } = place;
}

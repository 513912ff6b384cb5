namespace Lease.Actors.Classification;

/// <summary><c>or</c>.</summary>
internal sealed class AnyOf(Condition[] terms) : Condition
{
    public override bool IsTrue(scoped ref Evaluation evaluation)
    {
        foreach (var term in terms)
        {
            if (term.IsTrue(ref evaluation))
                return true;
        }

        return false;
    }
}

/// <summary><c>and</c>.</summary>
internal sealed class AllOf(Condition[] terms) : Condition
{
    public override bool IsTrue(scoped ref Evaluation evaluation)
    {
        foreach (var term in terms)
        {
            if (!term.IsTrue(ref evaluation))
                return false;
        }

        return true;
    }
}

/// <summary><c>not</c>.</summary>
internal sealed class Not(Condition term) : Condition
{
    public override bool IsTrue(scoped ref Evaluation evaluation) => !term.IsTrue(ref evaluation);
}

/// <summary><c>==</c>.</summary>
internal sealed class IsEqual(Value left, Value right) : Condition
{
    public override bool IsTrue(scoped ref Evaluation evaluation) => left.Of(ref evaluation).SequenceEqual(right.Of(ref evaluation));
}

/// <summary><c>member('NAME')</c>.</summary>
internal sealed class IsMember(ClientClass named) : Condition
{
    public override bool IsTrue(scoped ref Evaluation evaluation) => evaluation.Classes.Contains(named);
}

/// <summary><c>.exists</c>.</summary>
internal sealed class Exists(Source source) : Condition
{
    public override bool IsTrue(scoped ref Evaluation evaluation) => source.TryFind(ref evaluation, out _);
}

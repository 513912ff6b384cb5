using System.Collections.Immutable;

namespace Lease.Actors.Classification;

/// <summary>Who may use a subnet or pool (<c>client-class</c>): the members of any of some classes.</summary>
/// <param name="anyOf">The classes; one is enough.</param>
/// <param name="network">What the shared network around it demands as well; null for nothing.</param>
public sealed class ClassGuard(ImmutableArray<ClientClass> anyOf, ClassGuard? network = null)
{
    /// <summary>The classes; one is enough.</summary>
    public ImmutableArray<ClientClass> AnyOf { get; } = anyOf;

    /// <summary>What the shared network around it demands as well; null for nothing.</summary>
    public ClassGuard? Network { get; } = network;

    /// <summary>Whether a client of these classes may pass.</summary>
    public bool Admits(AssignedClasses classes) => classes.ContainsAny(AnyOf) && (Network is null || Network.Admits(classes));

    /// <summary>The names of its classes.</summary>
    public override string ToString()
    {
        var own = string.Join('|', AnyOf.Select(static c => c.Name).Order(StringComparer.Ordinal));
        return Network is null ? own : $"{own}&{Network}";
    }
}

/// <summary>Asks guards.</summary>
public static class ClassGuards
{
    /// <summary>Whether a client may pass: where there is no guard everybody may; without classes none is looked at.</summary>
    public static bool IsOpenTo(this ClassGuard? guard, AssignedClasses? classes) => guard is null || classes is null || guard.Admits(classes);
}

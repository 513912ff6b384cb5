using System.Collections.Immutable;
using Lease.Actors.Classification;

namespace Lease.Host.Configuration;

/// <summary>The client classes of a service: what <c>client-classes</c> defines, and what reservations and guards name.</summary>
internal sealed class ClassRegistry
{
    // Built in without being defined (Kea's manual, "Built-in Client Classes"); HA_, AFTER_ and EXTERNAL_ are for hooks, and nobody is in them here.
    private static readonly string[] BuiltIn = [ClientClass.All, ClientClass.Known, ClientClass.Unknown, ClientClass.Bootp];
    private static readonly string[] BuiltInPrefixes = [ClientClass.VendorPrefix, ClientClass.SpawnPrefix, "HA_", "AFTER_", "EXTERNAL_"];

    private readonly Dictionary<string, ClientClass> byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> defined = new(StringComparer.Ordinal);
    private readonly List<ClientClass> definitions = [];
    private readonly HashSet<string> reserved = new(StringComparer.Ordinal);
    private readonly List<(ConfigurationNode Node, string Key, ImmutableArray<ClientClass> AnyOf, bool IsSubnet)> guards = [];

    /// <summary>Whether BOOTP clients are served, who are in a class of their own.</summary>
    public bool ServesBootp { get; set; }

    /// <summary>Whether Kea makes it itself, so that no expression can.</summary>
    public static bool IsMade(string name) => BuiltIn.Contains(name);

    /// <summary>Defines a class.</summary>
    /// <returns>False when its name is taken.</returns>
    public bool TryDefine(ClientClass newClass)
    {
        if (!defined.Add(newClass.Name))
            return false;
        definitions.Add(newClass);
        byName[newClass.Name] = newClass;
        return true;
    }

    /// <summary>What an expression may refer to: a class that is defined already, or is built in; null for any other.</summary>
    public ClientClass? FindForExpression(string name)
        => defined.Contains(name) || BuiltIn.Contains(name) || Array.Exists(BuiltInPrefixes, p => name.StartsWith(p, StringComparison.Ordinal)) ? Of(name) : null;

    /// <summary>Whether it is KNOWN or UNKNOWN, or depends on these.</summary>
    public bool AwaitsReservation(ClientClass named)
        => named.AwaitsReservation || named.Name is ClientClass.Known or ClientClass.Unknown
            || (named.Name.StartsWith(ClientClass.SpawnPrefix, StringComparison.Ordinal)
                && definitions.Exists(t => t.AwaitsReservation && named.Name.StartsWith(t.Spawned, StringComparison.Ordinal)));

    /// <summary>Reads the classes of a reservation.</summary>
    public ImmutableArray<ClientClass> ReadReserved(ConfigurationNode node)
    {
        var names = node.Texts("client-classes");
        reserved.UnionWith(names);
        return [.. names.Where(static n => n.Length > 0).Select(Of)];
    }

    /// <summary>Reads who may use a network, a subnet or a pool: <c>client-class</c>, or Kea 3.0's list.</summary>
    public ClassGuard? ReadGuard(ConfigurationNode node, bool isSubnet, ClassGuard? network = null)
    {
        var key = node.Has("client-classes") ? "client-classes" : "client-class";
        if (node.Has("client-class") && node.Has("client-classes"))
            node.Error("client-class", "is the older name of client-classes: leave it out");
        var names = key == "client-classes" ? node.Texts(key) : [.. new[] { node.Text(key) }.OfType<string>()];
        var classes = names.Where(static n => n.Length > 0).Select(Of).ToImmutableArray();
        if (classes.IsEmpty)
            return network;
        guards.Add((node, key, classes, isSubnet));
        return new ClassGuard(classes, network);
    }

    /// <summary>Reads which classes are evaluated for the options of a network, subnet or pool: <c>require-client-classes</c>, or Kea 3.0's name.</summary>
    public ImmutableArray<ClientClass> ReadRequired(ConfigurationNode node)
    {
        if (node.Has("require-client-classes") && node.Has("evaluate-additional-classes"))
            node.Error("require-client-classes", "is the older name of evaluate-additional-classes: leave it out");
        var key = node.Has("evaluate-additional-classes") ? "evaluate-additional-classes" : "require-client-classes";
        var required = ImmutableArray.CreateBuilder<ClientClass>();
        foreach (var name in node.Texts(key))
        {
            if (byName.TryGetValue(name, out var named) && HasExpression(named))
                required.Add(named);
            else
                node.Warn(key, $"class {name} has no test: it is not evaluated");
        }

        return required.ToImmutable();
    }

    /// <summary>When everything is read: warns of guards that nobody passes.</summary>
    /// <returns>Null when no class is defined or named.</returns>
    public Classifier? Build()
    {
        foreach (var (node, key, anyOf, isSubnet) in guards)
        {
            var defects = anyOf.Select(DefectOf).OfType<string>().ToList();
            if (defects.Count == 0 && isSubnet && anyOf.All(c => AwaitsReservation(c) || !(HasExpression(c) || IsFromPacket(c.Name))))
                defects.Add($"{anyOf[0].Name} depends on the client's reservation, which is looked up when a subnet is found: only clients of other subnets of the shared network come here");
            foreach (var defect in defects)
                node.Warn(key, defect);
        }

        return byName.Count == 0 ? null : new Classifier([.. definitions, .. byName.Values.Where(c => !defined.Contains(c.Name))]);
    }

    private string? DefectOf(ClientClass named)
    {
        if (named.OnlyIfRequired)
            return $"class {named.Name} is evaluated only where it is required, when leases are given: nobody is in it before";
        return HasExpression(named) || IsFromPacket(named.Name) || named.Name is ClientClass.Known or ClientClass.Unknown || reserved.Contains(named.Name)
            ? null
            : $"nobody is in class {named.Name}: it has no test, and no reservation names it";
    }

    private static bool HasExpression(ClientClass named) => named.Test is not null || named.Template is not null;

    // Without an expression of its own.
    private bool IsFromPacket(string name)
        => name == ClientClass.All || (name == ClientClass.Bootp && ServesBootp)
            || name.StartsWith(ClientClass.VendorPrefix, StringComparison.Ordinal) || name.StartsWith(ClientClass.SpawnPrefix, StringComparison.Ordinal);

    private ClientClass Of(string name)
    {
        if (!byName.TryGetValue(name, out var named))
            byName.Add(name, named = new ClientClass(name));
        return named;
    }
}

using Lease.Actors.Classification;
using Lease.Actors.Configuration;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>client-classes</c>, in the order of the file: a class may depend on those before it.</summary>
internal sealed class ClientClassReader(ClassRegistry registry, OptionDataReader options, OptionUniverse universe, IpFamily family)
{
    public void Read(ConfigurationNode parent)
    {
        foreach (var node in parent.Objects("client-classes"))
        {
            var name = node.Text("name");
            var newClass = ReadOne(node, name ?? "");
            node.RefuseUnknown();
            if (string.IsNullOrEmpty(name))
                node.Error("needs a name");
            else if (!registry.TryDefine(newClass))
                node.Error("name", $"another class is named {name}");
        }
    }

    private ClientClass ReadOne(ConfigurationNode node, string name)
    {
        var awaits = false;
        var scope = new ExpressionScope(family == IpFamily.Ipv4, FindOption, Refer);
        var test = Parse(node, "test", scope, ExpressionParser.ParseTest);
        var template = Parse(node, "template-test", scope, ExpressionParser.ParseTemplate);
        if (test is not null && template is not null)
            node.Error("template-test", "stands beside test: give one of them");
        var onlyIfRequired = (node.Flag("only-if-required") ?? false) | (node.Flag("only-in-additional-list") ?? false);
        if (ClassRegistry.IsMade(name) && (node.Has("test") || node.Has("template-test") || onlyIfRequired))
            node.Error("name", $"{name} is built in: it has no test and is not required");
        node.WithoutEffect($"has no effect: define options in {scope.Service}.option-def", "option-def");
        return new ClientClass(name)
        {
            Test = test,
            Template = template,
            OnlyIfRequired = onlyIfRequired,
            AwaitsReservation = awaits,
            Options = options.Read(node),
            Preferred = family == IpFamily.Ipv6 ? ReadRange(node, "preferred-lifetime") : null,
            Valid = ReadRange(node, "valid-lifetime"),
            Boot = family == IpFamily.Ipv4 ? Dhcp4Level.ReadBoot(node) : BootFields.Empty,
        };

        ClientClass? Refer(string other)
        {
            var found = registry.FindForExpression(other);
            awaits |= found is not null && registry.AwaitsReservation(found);
            return found;
        }
    }

    private static T? Parse<T>(ConfigurationNode node, string key, ExpressionScope scope, Func<string, ExpressionScope, T> parse)
        where T : Expression
    {
        if (node.Text(key) is not { Length: > 0 } text)
            return null;
        try
        {
            return parse(text, scope);
        }
        catch (ExpressionException e)
        {
            node.Error(key, $"character {e.Place} of \"{text}\": {e.Message}");
            return null;
        }
    }

    private ushort? FindOption(string name) => options.Definitions.Find(universe.Space, code: null, name)?.Code ?? ClientOptionNames.Find(universe, name);

    // Kea: one bound alone is the lifetime itself; of two there is no telling.
    private static LifetimeRange? ReadRange(ConfigurationNode node, string key)
    {
        var (leastKey, mostKey) = ($"min-{key}", $"max-{key}");
        var usual = node.Number(key);
        var least = node.Number(leastKey);
        var most = node.Number(mostKey);
        if (usual is null && least is not null && most is not null)
            node.Error(leastKey, $"and {mostKey} need {key} between them");
        if ((usual ?? least ?? most) is not { } lifetime)
            return null;
        if (least > lifetime || most < lifetime)
            node.Error(key, $"must lie between its minimum and maximum: {least ?? lifetime} <= {lifetime} <= {most ?? lifetime}");
        return new LifetimeRange(least ?? lifetime, lifetime, most ?? lifetime);
    }
}

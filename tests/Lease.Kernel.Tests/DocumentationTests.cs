using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Lease.Kernel.Actors;

namespace Lease.Kernel.Tests;

public sealed partial class DocumentationTests
{
    [Fact]
    public void Every_type_that_the_page_sets_beside_Akka_NET_exists()
    {
        var known = typeof(ActorSystem).Assembly.GetExportedTypes().Select(type => type.Name).ToHashSet(StringComparer.Ordinal);
        var named = File.ReadLines(Page())
            .SkipWhile(line => line != "## Beside Akka.NET")
            .TakeWhile(line => !line.StartsWith("## The life", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => Name().Matches(line.Split('|')[1]).Select(match => match.Groups["name"].Value))
            .ToArray();
        named.Length.ShouldBeGreaterThan(20);
        named.ShouldAllBe(name => known.Contains(name));
    }

    [GeneratedRegex("`(?<name>\\w+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();

    private static string Page([CallerFilePath] string source = "")
        => Path.Combine(Path.GetDirectoryName(source)!, "..", "..", "docs", "kernel.md");
}

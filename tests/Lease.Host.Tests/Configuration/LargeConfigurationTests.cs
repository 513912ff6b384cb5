using System.Diagnostics;
using System.Globalization;
using Lease.Host.Configuration;

namespace Lease.Host.Tests.Configuration;

/// <summary>To read a configuration takes a time that grows with its size, and not with the square of it.</summary>
public sealed class LargeConfigurationTests
{
    private const int Entries = 100_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static TheoryData<string, string, string> Kinds => new()
    {
        { "unknown names", "", "\"unknown{0}\": 1" },
        { "option definitions", "\"option-def\": [*]", "{\"name\": \"o{0}\", \"code\": 7, \"space\": \"s{0}\", \"type\": \"uint8\"}" },
        { "options", "\"option-data\": [*]", "{\"code\": 7, \"space\": \"vendor-{0}\", \"data\": \"00\", \"csv-format\": false}" },
        { "classes", "\"client-classes\": [*]", "{\"name\": \"c{0}\", \"test\": \"member('KNOWN')\"}" },
        { "subnets", "\"subnet6\": [*]", "{\"id\": {0}, \"subnet\": \"2001:db8:{1}::/64\"}" },
        { "pools", "\"subnet6\": [{\"id\": 1, \"subnet\": \"2001:db8::/32\", \"pools\": [*]}]", "{\"pool\": \"2001:db8:{1}::-2001:db8:{1}::\"}" },
        { "digits", "\"valid-lifetime\": 1*", "1111111111" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Large_input_is_read_in_time(string kind, string body, string entry)
    {
        var entries = Enumerable.Range(1, Entries).Select(i => entry
            .Replace("{0}", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{1}", $"{i >> 16:x}:{i & 0xffff:x}", StringComparison.Ordinal));
        var all = string.Join(kind == "digits" ? "" : ", ", entries);
        var content = body.Length == 0 ? all : body.Replace("*", all, StringComparison.Ordinal);
        var start = Stopwatch.GetTimestamp();
        var result = ConfigurationReader.Read($"{{\"Dhcp6\": {{\"interfaces-config\": {{\"interfaces\": [\"lo\"]}}, {content}}}}}", "large.json");
        Stopwatch.GetElapsedTime(start).ShouldBeLessThan(Limit);
        result.Problems.Count.ShouldBeLessThan(500);
    }

    [Fact]
    public void Of_many_problems_the_rest_is_counted()
    {
        var names = string.Join(", ", Enumerable.Range(0, 1000).Select(static i => $"\"unknown{i}\": 1"));
        var problems = ConfigurationReader.Read($"{{\"Dhcp6\": {{\"interfaces-config\": {{\"interfaces\": [\"lo\"]}}, {names}}}}}", "large.json").Problems;
        problems.Count.ShouldBe(201);
        problems[^1].ToString().ShouldContain("error: 800 more problems are not shown");
    }
}

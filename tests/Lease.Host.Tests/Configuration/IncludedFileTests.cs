using System.Diagnostics;
using Lease.Host.Commands;
using Lease.Host.Configuration;

namespace Lease.Host.Tests.Configuration;

/// <summary>Files within files, as Kea has them.</summary>
public sealed class IncludedFileTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("lease-include-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_file_stands_for_what_is_in_it_wherever_white_space_may_be()
    {
        Write("subnets/all.json", """
            // Without an end of line behind the last one.
            {"id": 1, "subnet": "2001:db8:1::/64"}, <?include "second.json"?>
            """.TrimEnd());
        Write("subnets/second.json", """{"id": 2, "subnet": "2001:db8:2::/64"}""");
        Write("interfaces.json", """ "interfaces-config": {"interfaces": ["eth0"]}, """);
        var result = Read("""{"Dhcp6": { <?include "interfaces.json"?> "subnet6": [<?include "subnets/all.json"?>] } } """);
        result.Problems.ShouldBeEmpty();
        result.Configuration!.Dhcp6.Links.Select(static l => l.Subnets[0].Id).ShouldBe([1u, 2u]);
    }

    [Fact]
    public void A_problem_is_told_with_the_file_that_it_is_in()
    {
        Write("subnets.json", """

            {"id": 1, "subnet": "nowhere"}
            """);
        var result = Read("""
            {"Dhcp6": {
              "subnet6": [<?include "subnets.json"?>],
              "interfaces-config": {"interfaces": ["eth0"]}, "nonsense": 1
            } }
            """);
        result.Problems.Select(p => (Path.GetRelativePath(directory, p.File), p.Line, p.Path)).ShouldBe(
            [("lease.json", 3, "Dhcp6.nonsense"), ("subnets.json", 2, "Dhcp6.subnet6[0].subnet")]);
    }

    [Theory]
    [InlineData("""<?include "gone.json"?> {} """, 1, "gone.json cannot be read")]
    [InlineData("""{} <?include gone.json?>""", 14, "expected a file's name in double quotes")]
    [InlineData("""{} <?include "gone.json" """, 26, "expected ?> after")]
    [InlineData("""{} <?includes "gone.json"?>""", 13, "expected a file's name")]
    [InlineData("""{} <include "gone.json"?>""", 4, "nothing may follow")]
    public void What_cannot_be_included_is_refused_with_its_place(string text, int column, string message)
    {
        var problem = Read(text).Problems.ShouldHaveSingleItem();
        (problem.Line, problem.Column).ShouldBe((1, column));
        problem.Message.ShouldContain(message);
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("fifo")]
    [InlineData(".")]
    public void What_is_no_regular_file_is_not_read(string name)
    {
        using (var made = Process.Start("mkfifo", Path.Combine(directory, "fifo")))
            made.WaitForExit();
        Read($"{{\"Dhcp6\": <?include \"{name}\"?> }}").Problems.ShouldHaveSingleItem().Message.ShouldContain("is no regular file");
    }

    [Fact]
    public void Files_that_multiply_have_an_end()
    {
        var text = string.Concat(Enumerable.Repeat("<?include \"{0}.json\"?> ", 100));
        for (var i = 0; i < 8; i++)
            Write($"{i}.json", text.Replace("{0}", $"{i + 1}", StringComparison.Ordinal));
        Write("8.json", "");
        Read("<?include \"0.json\"?>").Problems.ShouldHaveSingleItem().Message.ShouldContain("the included files have more than");
    }

    [Fact]
    public void Files_that_include_each_other_for_ever_are_refused()
        => Read("""{"Dhcp6": <?include "lease.json"?> }""").Problems.ShouldHaveSingleItem().Message.ShouldContain("10 deep");

    private ConfigurationResult Read(string text)
    {
        Write("lease.json", text);
        return ConfigurationFile.Read(Path.Combine(directory, "lease.json"));
    }

    private void Write(string name, string text)
    {
        var file = Path.Combine(directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}

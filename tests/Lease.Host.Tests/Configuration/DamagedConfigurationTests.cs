using Lease.Host.Configuration;

namespace Lease.Host.Tests.Configuration;

/// <summary>Whatever a file holds, reading it gives problems with places, never an exception.</summary>
public sealed class DamagedConfigurationTests
{
    private static readonly string Example = File.ReadAllText(Path.Combine(Root(), "examples", "isp.json"));

    private static readonly (int Start, int Length)[] Places = [.. Values(Example)];

    [Fact]
    public void A_file_that_ends_early_is_refused()
    {
        var end = Example.TrimEnd().Length;
        for (var length = 0; length < end; length++)
            Check(Example[..length]).Configuration.ShouldBeNull();
    }

    [Fact]
    public void A_file_that_lacks_a_character_is_read_without_an_exception()
    {
        for (var place = 0; place < Example.Length; place++)
            Check(Example.Remove(place, 1));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("-1")]
    [InlineData("0")]
    [InlineData("4294967295")]
    [InlineData("1e999")]
    [InlineData("\"\"")]
    [InlineData("\"x\"")]
    [InlineData("\"::/0\"")]
    [InlineData("[]")]
    [InlineData("[[]]")]
    [InlineData("[null]")]
    [InlineData("{}")]
    public void A_file_with_another_value_at_any_place_is_read_without_an_exception(string value)
    {
        foreach (var (start, length) in Places)
            Check(string.Concat(Example.AsSpan(0, start), value, Example.AsSpan(start + length)));
    }

    private static ConfigurationResult Check(string text)
    {
        var result = ConfigurationReader.Read(text, "f");
        result.Problems.ShouldAllBe(static p => p.Line > 0 && p.Column > 0 && p.Message.Length > 0);
        if (result.Configuration is null)
            result.Problems.ShouldContain(static p => p.Severity == Severity.Error);
        return result;
    }

    // Where each value of the file stands, from its first character to its last.
    private static IEnumerable<(int Start, int Length)> Values(string text)
    {
        var lines = new List<int> { 0 };
        for (var place = 0; place < text.Length; place++)
        {
            if (text[place] == '\n')
                lines.Add(place + 1);
        }

        foreach (var value in All(JsonParser.Parse(text, "f")))
        {
            var start = lines[value.Place.Line - 1] + value.Place.Column - 1;
            var length = 1;
            while (!Parses(text.Substring(start, length)) || (start + length < text.Length && (char.IsAsciiLetterOrDigit(text[start + length]) || text[start + length] == '.')))
                length++;
            yield return (start, length);
        }
    }

    private static IEnumerable<JsonValue> All(JsonValue value)
        => value.Items.Concat(value.Members.Select(static m => m.Value)).SelectMany(All).Prepend(value);

    private static bool Parses(string text)
    {
        try
        {
            JsonParser.Parse(text, "f");
            return true;
        }
        catch (JsonSyntaxException)
        {
            return false;
        }
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Lease.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}

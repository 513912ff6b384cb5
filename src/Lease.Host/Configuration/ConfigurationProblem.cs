using Lease.Protocol.Dhcp6;

namespace Lease.Host.Configuration;

/// <summary>How bad a problem is.</summary>
internal enum Severity
{
    /// <summary>Known, and without effect here.</summary>
    Warning,

    /// <summary>The configuration is refused.</summary>
    Error,
}

/// <summary>Something that is wrong with a configuration: where (place in the file, path of names), what, and what is allowed.</summary>
internal sealed record ConfigurationProblem(Severity Severity, string File, int Line, int Column, string Path, string Message)
{
    public override string ToString()
    {
        var severity = Severity == Severity.Error ? "error" : "warning";
        return OctetText.Escape($"{File}:{Line}:{Column}: {severity}: {(Path.Length == 0 ? "" : Path + ": ")}{Message}");
    }
}

/// <summary>Collects the problems of a configuration: all of them, but of errors and of warnings each no more than anybody reads.</summary>
internal sealed class ProblemList
{
    private const int MaxKept = 200;

    private readonly List<ConfigurationProblem> problems = [];
    private int errors;
    private int warnings;

    public bool HasErrors => errors > 0;

    /// <summary>Whether one more of this severity is only counted: its message need not be made.</summary>
    public bool IsFull(Severity severity) => (severity == Severity.Error ? errors : warnings) >= MaxKept;

    /// <summary>The problems in the order of the files, <paramref name="file"/> first; at the end how many more there are.</summary>
    public IReadOnlyList<ConfigurationProblem> InOrder(string file)
    {
        var inOrder = problems.OrderBy(p => p.File == file ? "" : p.File, StringComparer.Ordinal).ThenBy(static p => p.Line).ToList();
        var more = errors + warnings - problems.Count;
        if (more > 0)
            inOrder.Add(new(errors > MaxKept ? Severity.Error : Severity.Warning, file, 1, 1, "", $"{more} more problems are not shown"));
        return inOrder;
    }

    public void Add(Severity severity, JsonValue at, string path, string message) => Add(severity, at.Place, path, message);

    public void Add(Severity severity, JsonPlace at, string path, string message)
    {
        if (!IsFull(severity))
            problems.Add(new(severity, at.File, at.Line, at.Column, path, message));
        if (severity == Severity.Error)
            errors++;
        else
            warnings++;
    }
}

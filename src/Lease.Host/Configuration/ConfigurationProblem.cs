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
        => $"{File}:{Line}:{Column}: {(Severity == Severity.Error ? "error" : "warning")}: {(Path.Length == 0 ? "" : Path + ": ")}{Message}";
}

/// <summary>Collects the problems of a configuration, all of them.</summary>
internal sealed class ProblemList
{
    private readonly List<ConfigurationProblem> problems = [];

    public IReadOnlyList<ConfigurationProblem> Problems => problems;

    public bool HasErrors => problems.Exists(static p => p.Severity == Severity.Error);

    public void Add(Severity severity, JsonValue at, string path, string message) => Add(severity, at.Place, path, message);

    public void Add(Severity severity, JsonPlace at, string path, string message) => problems.Add(new(severity, at.File, at.Line, at.Column, path, message));
}

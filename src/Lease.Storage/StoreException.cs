using SQLitePCL;

namespace Lease.Storage;

/// <summary>The store cannot do what it was asked: the message says what, where and what to do.</summary>
public sealed class StoreException : IOException
{
    // Classes of SQLSTATE: cardinality violation, data exception, integrity constraint violation, program limit exceeded.
    private static readonly string[] ContentClasses = ["21", "22", "23", "54"];

    /// <summary>An error of Lease's own.</summary>
    public StoreException(string message)
        : base(message)
    {
    }

    /// <summary>An error with its cause.</summary>
    public StoreException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>SQLite's primary result code; 0 for an error of another origin.</summary>
    public int Code { get; init; }

    /// <summary>Whether what was stored is gone or cannot be understood any more.</summary>
    public bool IsDamage
    {
        get => field || Code is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;
        init;
    }

    /// <summary>SQLSTATE of PostgreSQL's refusal, which undid the transaction; empty for an error of another origin, or when the connection was lost: then what was sent may be done.</summary>
    public string SqlState { get; init; } = "";

    /// <summary>Whether the server could not be reached, or was lost: another try may succeed.</summary>
    public bool IsUnreachable { get; init; }

    /// <summary>Whether it lies in what was to be stored and not in the store: it comes again with the same data, and not with others.</summary>
    internal bool IsOfContent => Code is raw.SQLITE_TOOBIG or raw.SQLITE_CONSTRAINT or raw.SQLITE_MISMATCH || ContentClasses.Contains(SqlState[..Math.Min(2, SqlState.Length)]);

    /// <summary>PostgreSQL's DETAIL; empty when there is none.</summary>
    internal string Detail { get; init; } = "";
}

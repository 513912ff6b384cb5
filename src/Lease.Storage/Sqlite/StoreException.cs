using SQLitePCL;

namespace Lease.Storage.Sqlite;

/// <summary>The store cannot do what it was asked: the message says what, where and what to do.</summary>
public sealed class StoreException : IOException
{
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

    internal StoreException(int code, sqlite3 database, string doing)
        : base($"SQLite: {raw.sqlite3_errmsg(database).utf8_to_string()} (code {raw.sqlite3_extended_errcode(database)}) while {doing}") => Code = code;

    /// <summary>SQLite's primary result code; 0 for an error of Lease's own.</summary>
    public int Code { get; }
}

namespace Lease.Storage.Postgres;

/// <summary>Settings of a <see cref="PostgresLeaseStore"/>.</summary>
public sealed record PostgresStoreOptions : LeaseStoreOptions
{
    /// <summary>A connection string of Npgsql's: <c>Host=a,b;Database=lease;Username=lease</c>. Of several hosts the one that takes writes is used.</summary>
    public required string Connection { get; init; }

    /// <summary>The cluster whose database it must be; null: it is the one that the first connection finds, or makes.</summary>
    public Guid? ClusterId { get; init; }

    /// <summary>An answer of the server that takes longer ends the connection.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Whether to write and read made-up bindings in temporary tables first, so that the first real ones do not wait.</summary>
    public bool Rehearses { get; init; }

    /// <summary>What is wrong with a connection string, to stand behind its name; null: it can be read. Nobody is asked.</summary>
    public static string? Check(string connection) => ConnectionString.Check(connection);
}

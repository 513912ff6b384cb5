namespace Lease.Storage.Postgres;

/// <summary>Settings of a <see cref="PostgresLeaseStore"/>.</summary>
public sealed record PostgresStoreOptions : LeaseStoreOptions
{
    /// <summary>In libpq's form: <c>host=a,b dbname=lease user=lease</c>, or a <c>postgresql://</c> URI. Of several hosts the one that takes writes is used.</summary>
    public required string Connection { get; init; }

    /// <summary>An answer of the server that takes longer ends the connection.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(8);
}

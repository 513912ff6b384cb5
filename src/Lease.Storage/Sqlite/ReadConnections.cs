using System.Collections.Concurrent;

namespace Lease.Storage.Sqlite;

/// <summary>Reading connections with their prepared statements: as many as are in use at once.</summary>
/// <typeparam name="T">The statements.</typeparam>
/// <param name="file">The database file.</param>
/// <param name="prepare">Prepares them.</param>
internal sealed class ReadConnections<T>(StoreFile file, Func<Database, T> prepare) : IDisposable
{
    private readonly ConcurrentBag<(Database Database, T Statements)> idle = [];
    private volatile bool disposed;

    /// <summary>Takes a connection; it comes back with <see cref="Return"/>, or is disposed after an error.</summary>
    public (Database Database, T Statements) Take()
    {
        if (idle.TryTake(out var connection))
            return connection;
        if (disposed)
            throw new StoreException("the store is closed");
        var database = file.OpenReader();
        return (database, prepare(database));
    }

    /// <summary>Gives a connection back.</summary>
    public void Return((Database Database, T Statements) connection)
    {
        if (disposed)
            connection.Database.Dispose();
        else
            idle.Add(connection);
    }

    public void Dispose()
    {
        disposed = true;
        while (idle.TryTake(out var connection))
            connection.Database.Dispose();
    }
}

using System.Collections.Concurrent;

namespace Lease.Storage.Postgres;

/// <summary>Connections that only read: as many as are in use at once. One that failed is not used again.</summary>
/// <param name="options">How to connect.</param>
internal sealed class ReadConnections(PostgresStoreOptions options) : IDisposable
{
    private const int MaxIdle = 16;

    private readonly ConcurrentBag<Connection> idle = [];
    private volatile bool disposed;

    /// <summary>Runs <paramref name="read"/> on a connection, on the caller's thread. A connection that had gone while it was idle is replaced.</summary>
    /// <exception cref="StoreException">The server cannot be reached, or refuses.</exception>
    public TResult Use<TArgument, TResult>(TArgument argument, Func<Connection, TArgument, TResult> read)
    {
        while (idle.TryTake(out var old))
        {
            try
            {
                return Read(old, argument, read);
            }
            catch (StoreException) when (old.IsBroken && !disposed)
            {
                // The next one may be whole.
            }
        }

        if (disposed)
            throw new StoreException("the store is closed");
        return Read(Connection.Open(options, "queries"), argument, read);
    }

    public void Dispose()
    {
        disposed = true;
        while (idle.TryTake(out var connection))
            connection.Dispose();
    }

    private TResult Read<TArgument, TResult>(Connection connection, TArgument argument, Func<Connection, TArgument, TResult> read)
    {
        try
        {
            return read(connection, argument);
        }
        finally
        {
            if (connection.IsBroken || disposed || idle.Count >= MaxIdle)
                connection.Dispose();
            else
                idle.Add(connection);
        }
    }
}

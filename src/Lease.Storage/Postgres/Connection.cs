using Npgsql;

namespace Lease.Storage.Postgres;

/// <summary>A connection to the primary, with its prepared statements. For one thread at a time. Every wait has a deadline: a server that does not answer is as good as gone.</summary>
internal sealed class Connection : IDisposable
{
    private const string UndefinedTable = "42P01";

    // SQLSTATE read_only_sql_transaction, admin_shutdown, crash_shutdown, cannot_connect_now.
    private static readonly string[] NoPrimary = ["25006", "57P01", "57P02", "57P03"];

    private readonly Dictionary<string, NpgsqlCommand> prepared = new(StringComparer.Ordinal);
    private readonly NpgsqlMultiHostDataSource source;
    private readonly NpgsqlConnection connection;
    private NpgsqlTransaction? transaction;
    private bool notified;

    private Connection(NpgsqlMultiHostDataSource source)
    {
        this.source = source;
        connection = source.CreateConnection(TargetSessionAttributes.ReadWrite);
        connection.Notification += (_, _) => notified = true;
    }

    /// <summary>Values for the next call.</summary>
    public Parameters Parameters { get; } = new();

    /// <summary>Host, port and database, for logs.</summary>
    public string Server { get; private set; } = "";

    /// <summary>Whether nothing more can be done with it.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Connects to the server that takes writes.</summary>
    /// <param name="options">Where, and whose database it must be.</param>
    /// <param name="purpose">Shown in <c>pg_stat_activity</c>.</param>
    /// <exception cref="StoreException">No server could be reached, none takes writes, or it holds another cluster.</exception>
    public static Connection Open(PostgresStoreOptions options, string purpose)
    {
        // A source of its own: what others have found out about the hosts may have changed since. Only PostgreSQL's own types are used, so none are looked up.
        var builder = new NpgsqlDataSourceBuilder(ConnectionString.Complete(options.Connection, purpose, options.Patience));
        builder.ConfigureTypeLoading(static types => types.EnableTypeLoading(false));
        var opened = new Connection(builder.BuildMultiHost());
        try
        {
            opened.connection.Open();
            opened.Server = $"{opened.connection.Host}:{opened.connection.Port}/{opened.connection.Database}";
        }
        catch (Exception e) when (PostgresError.IsExpected(e))
        {
            opened.Dispose();
            throw new StoreException($"PostgreSQL cannot be reached, or none of its hosts takes writes: {PostgresError.Describe(e)}", e) { IsUnreachable = true };
        }

        if (options.ClusterId is { } cluster)
            opened.RequireCluster(cluster);
        return opened;
    }

    /// <summary>Begins a transaction.</summary>
    public void Begin() => transaction = Do("BEGIN", static c => c.connection.BeginTransaction());

    /// <summary>Commits what was begun.</summary>
    public void Commit()
    {
        Do("COMMIT", static c =>
        {
            c.transaction!.Commit();
            return true;
        });
        transaction = null;
    }

    /// <summary>Undoes what was begun, if anything was; that may break the connection, which is no error: the server undoes it then.</summary>
    public void Rollback()
    {
        try
        {
            if (!IsBroken)
                transaction?.Rollback();
        }
        catch (Exception e) when (PostgresError.IsExpected(e))
        {
            IsBroken = true;
        }

        transaction = null;
    }

    /// <summary>Runs statements without parameters and rows. Of several Npgsql sends all but the first by way of the thread pool, so that is not for where the pool's threads wait.</summary>
    public void Execute(string sql) => Do(sql, c =>
    {
        using var command = new NpgsqlCommand(sql, c.connection);
        return command.ExecuteNonQuery();
    });

    /// <summary>Runs a statement with <see cref="Parameters"/>; it is prepared when it is run for the first time.</summary>
    public Result Query(string sql)
    {
        try
        {
            using var reader = CommandOf(sql).ExecuteReader();
            return Result.Read(reader);
        }
        catch (Exception e) when (PostgresError.IsExpected(e))
        {
            throw ErrorOf(e, sql);
        }
        finally
        {
            // Also when it was refused: the next call has values of its own.
            Parameters.Clear();
        }
    }

    /// <summary>Runs a statement with <see cref="Parameters"/> and drops its rows.</summary>
    public void Run(string sql) => Query(sql).Dispose();

    /// <summary>Whether a notification has come since the last call. It comes with the answer to whatever is asked.</summary>
    public bool TakeNotification()
    {
        var taken = notified;
        notified = false;
        return taken;
    }

    public void Dispose()
    {
        IsBroken = true;
        foreach (var command in prepared.Values)
            command.Dispose();
        prepared.Clear();
        connection.Dispose();
        source.Dispose();
    }

    // Also of a server that took another's place: what is read there may be an empty database.
    private void RequireCluster(Guid cluster)
    {
        try
        {
            if (ClusterOf() is var found && found != cluster.ToString())
            {
                var held = found is null ? "no cluster" : $"cluster {found}";
                throw new StoreException($"{Server} holds {held}, this node serves cluster {cluster}: it reads and writes nothing there");
            }
        }
        catch (StoreException)
        {
            Dispose();
            throw;
        }
    }

    private string? ClusterOf()
    {
        try
        {
            return Schema.Meta(this, "cluster-id");
        }
        catch (StoreException e) when (e.SqlState == UndefinedTable)
        {
            return null;
        }
    }

    private NpgsqlCommand CommandOf(string sql)
    {
        if (prepared.TryGetValue(sql, out var command))
        {
            Parameters.Bind(command);
            return command;
        }

        command = new NpgsqlCommand(sql, connection);
        Parameters.Bind(command);
        command.Prepare();
        prepared.Add(sql, command);
        return command;
    }

    private T Do<T>(string doing, Func<Connection, T> action)
    {
        try
        {
            return action(this);
        }
        catch (Exception e) when (PostgresError.IsExpected(e))
        {
            throw ErrorOf(e, doing);
        }
    }

    private StoreException ErrorOf(Exception cause, string doing)
    {
        var refusal = cause as PostgresException;

        // A server that was the primary and is a replica now is as good as gone, too.
        if (connection.FullState != System.Data.ConnectionState.Open || refusal is null || NoPrimary.Contains(refusal.SqlState, StringComparer.Ordinal))
            IsBroken = true;
        return new StoreException($"PostgreSQL: {PostgresError.Describe(cause)} while {PostgresError.Short(doing)}", cause)
        {
            // Npgsql gives a connection up after some errors, as a full disk, whose outcome is known all the same. After a fatal one it is not: a commit may be done and only wait for replicas.
            SqlState = refusal is { InvariantSeverity: "ERROR" } ? refusal.SqlState : "",
            Detail = refusal?.Detail ?? "",
            IsUnreachable = IsBroken,
        };
    }
}

using SQLitePCL;

namespace Lease.Storage.Sqlite;

/// <summary>A SQLite connection with its prepared statements. For one thread at a time.</summary>
internal sealed class Database : IDisposable
{
    private readonly List<Statement> statements = [];
    private readonly sqlite3 handle;
    private readonly Action<StoreException>? failed;

    static Database() => Batteries_V2.Init();

    private Database(sqlite3 handle, Action<StoreException>? failed)
    {
        this.handle = handle;
        this.failed = failed;
    }

    /// <summary>Rows that the last INSERT, UPDATE or DELETE touched.</summary>
    public int Changes => raw.sqlite3_changes(handle);

    /// <summary>Whether a transaction is open.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(handle) == 0;

    /// <summary>Pages that this connection has written since it was opened: in WAL mode, frames of the log.</summary>
    public long PagesWritten
    {
        get
        {
            const int cacheWrite = 9; // SQLITE_DBSTATUS_CACHE_WRITE
            _ = raw.sqlite3_db_status(handle, cacheWrite, out var written, out _, resetFlg: 0);
            return written;
        }
    }

    /// <summary>Opens a connection. The file must be there: a connection that makes it would hide that it was deleted.</summary>
    /// <param name="file">The database; an empty file is one without tables.</param>
    /// <param name="readOnly">Whether it only reads.</param>
    /// <param name="failed">Called with each error of the connection before it is thrown.</param>
    public static Database Open(string file, bool readOnly, Action<StoreException>? failed = null)
    {
        var flags = (readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE) | raw.SQLITE_OPEN_NOMUTEX;
        var code = raw.sqlite3_open_v2(file, out var handle, flags, vfs: null);
        var database = new Database(handle, failed);
        if (code != raw.SQLITE_OK)
        {
            var error = database.ErrorOf(code, $"opening {file}");
            database.Dispose();
            throw error;
        }

        raw.sqlite3_busy_timeout(handle, 5000);
        return database;
    }

    public void Execute(string sql)
    {
        if (TryExecute(sql) is var code and not raw.SQLITE_OK)
            throw ErrorOf(code, sql);
    }

    /// <summary>Executes without throwing; returns SQLite's result code.</summary>
    public int TryExecute(string sql) => raw.sqlite3_exec(handle, sql);

    public Statement Prepare(string sql)
    {
        var code = raw.sqlite3_prepare_v3(handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement);
        if (code != raw.SQLITE_OK)
            throw ErrorOf(code, $"preparing {sql}");
        var prepared = new Statement(this, statement, sql);
        statements.Add(prepared);
        return prepared;
    }

    /// <summary>The first column of the first row; 0 for NULL or no row.</summary>
    public long Scalar(string sql)
    {
        using var statement = PrepareOnce(sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    /// <summary>The first column of the first row as text; null for NULL or no row.</summary>
    public string? ScalarText(string sql)
    {
        using var statement = PrepareOnce(sql);
        return statement.Step() ? statement.Text(0) : null;
    }

    /// <summary>A statement that the caller disposes.</summary>
    public Statement PrepareOnce(string sql)
    {
        var code = raw.sqlite3_prepare_v2(handle, sql, out var statement);
        return code == raw.SQLITE_OK ? new Statement(this, statement, sql) : throw ErrorOf(code, $"preparing {sql}");
    }

    /// <summary>Moves what is in the write-ahead log into the tables as far as nobody reads it.</summary>
    /// <returns>Frames in the log and frames moved; negative when it could not be done now.</returns>
    public (int Frames, int Moved) Checkpoint(int mode)
    {
        var code = raw.sqlite3_wal_checkpoint_v2(handle, "main", mode, out var frames, out var moved);
        if (code == raw.SQLITE_OK)
            return (frames, moved);
        ErrorOf(code, "moving the log into the tables");
        return (-1, -1);
    }

    /// <summary>Leaves the log as it is when this connection is closed, even if it is the last one.</summary>
    public void KeepLog()
    {
        const int noCheckpointOnClose = 1006; // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE
        _ = raw.sqlite3_db_config(handle, noCheckpointOnClose, 1, out _);
    }

    /// <summary>The connection's last error; whoever wants to know of each one is told.</summary>
    public StoreException ErrorOf(int code, string doing)
    {
        var said = raw.sqlite3_errmsg(handle).utf8_to_string();
        var error = new StoreException($"SQLite: {said} (code {raw.sqlite3_extended_errcode(handle)}) while {doing}") { Code = code };
        failed?.Invoke(error);
        return error;
    }

    public void Dispose()
    {
        foreach (var statement in statements)
            statement.Dispose();
        handle.Dispose();
    }
}

/// <summary>A prepared statement. Bind by position from 1, then <see cref="Step"/> or <see cref="Run"/>.</summary>
internal sealed class Statement(Database database, sqlite3_stmt handle, string sql) : IDisposable
{
    public Statement Bind(int index, long value)
    {
        _ = raw.sqlite3_bind_int64(handle, index, value);
        return this;
    }

    public Statement Bind(int index, string? value)
    {
        _ = value is null ? raw.sqlite3_bind_null(handle, index) : raw.sqlite3_bind_text(handle, index, value);
        return this;
    }

    public Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        // An empty span would be bound as NULL.
        _ = value.IsEmpty ? raw.sqlite3_bind_zeroblob(handle, index, 0) : raw.sqlite3_bind_blob(handle, index, value);
        return this;
    }

    public Statement BindNull(int index)
    {
        _ = raw.sqlite3_bind_null(handle, index);
        return this;
    }

    /// <summary>Goes to the next row; false at the end, when the statement is reset.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW)
            return true;
        if (code == raw.SQLITE_DONE)
        {
            _ = raw.sqlite3_reset(handle);
            return false;
        }

        var error = database.ErrorOf(code, sql);
        _ = raw.sqlite3_reset(handle);
        throw error;
    }

    /// <summary>Runs a statement that gives no rows.</summary>
    public void Run()
    {
        while (Step())
        {
            // A RETURNING clause's rows are of no interest here.
        }
    }

    /// <summary>Ends a walk over rows early.</summary>
    public void Reset() => _ = raw.sqlite3_reset(handle);

    public long Int64(int column) => raw.sqlite3_column_int64(handle, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string();

    /// <summary>Valid until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(handle, column);

    public void Dispose() => handle.Dispose();
}

using SQLitePCL;

namespace Lease.Storage.Sqlite;

/// <summary>A SQLite connection with its prepared statements. For one thread at a time.</summary>
internal sealed class Database : IDisposable
{
    private readonly List<Statement> statements = [];
    private readonly sqlite3 handle;

    static Database() => Batteries_V2.Init();

    private Database(sqlite3 handle) => this.handle = handle;

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

    public static Database Open(string file, bool readOnly)
    {
        var flags = (readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE) | raw.SQLITE_OPEN_NOMUTEX;
        var code = raw.sqlite3_open_v2(file, out var handle, flags, vfs: null);
        if (code != raw.SQLITE_OK)
        {
            var error = ErrorOf(code, handle, $"opening {file}");
            handle.Dispose();
            throw error;
        }

        raw.sqlite3_busy_timeout(handle, 5000);
        return new Database(handle);
    }

    public void Execute(string sql)
    {
        if (TryExecute(sql) is var code and not raw.SQLITE_OK)
            throw ErrorOf(code, handle, sql);
    }

    /// <summary>Executes without throwing; returns SQLite's result code.</summary>
    public int TryExecute(string sql) => raw.sqlite3_exec(handle, sql);

    public Statement Prepare(string sql)
    {
        var code = raw.sqlite3_prepare_v3(handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement);
        if (code != raw.SQLITE_OK)
            throw ErrorOf(code, handle, $"preparing {sql}");
        var prepared = new Statement(handle, statement, sql);
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
        return code == raw.SQLITE_OK ? new Statement(handle, statement, sql) : throw ErrorOf(code, handle, $"preparing {sql}");
    }

    /// <summary>Moves what is in the write-ahead log into the tables as far as nobody reads it.</summary>
    /// <returns>Frames in the log and frames moved; negative when it could not be done now.</returns>
    public (int Frames, int Moved) Checkpoint(int mode)
        => raw.sqlite3_wal_checkpoint_v2(handle, "main", mode, out var frames, out var moved) == raw.SQLITE_OK ? (frames, moved) : (-1, -1);

    internal static StoreException ErrorOf(int code, sqlite3 handle, string doing)
        => new($"SQLite: {raw.sqlite3_errmsg(handle).utf8_to_string()} (code {raw.sqlite3_extended_errcode(handle)}) while {doing}") { Code = code };

    public void Dispose()
    {
        foreach (var statement in statements)
            statement.Dispose();
        handle.Dispose();
    }
}

/// <summary>A prepared statement. Bind by position from 1, then <see cref="Step"/> or <see cref="Run"/>.</summary>
internal sealed class Statement(sqlite3 database, sqlite3_stmt handle, string sql) : IDisposable
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

        var error = Database.ErrorOf(code, database, sql);
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

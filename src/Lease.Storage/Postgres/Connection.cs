using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Lease.Storage.Postgres;

/// <summary>A connection to the primary, with its prepared statements. For one thread at a time. Every wait has a deadline: a server that does not answer is as good as gone.</summary>
internal sealed unsafe class Connection : IDisposable
{
    private const short PollIn = 1;

    private readonly Dictionary<string, string> prepared = new(StringComparer.Ordinal);
    private readonly TimeSpan patience;
    private IntPtr handle;

    private Connection(IntPtr handle, TimeSpan patience)
    {
        this.handle = handle;
        this.patience = patience;
    }

    /// <summary>Values for the next call.</summary>
    public Parameters Parameters { get; } = new();

    /// <summary>Host, port and database, for logs.</summary>
    public string Server => $"{TextOf(LibPq.Host(handle))}:{TextOf(LibPq.Port(handle))}/{TextOf(LibPq.Database(handle))}";

    /// <summary>Whether nothing more can be done with it.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Whether a transaction is open.</summary>
    public bool InTransaction => !IsBroken && LibPq.TransactionStatus(handle) != 0;

    /// <summary>Connects to the server that takes writes.</summary>
    /// <param name="connectionString">In libpq's form: <c>host=a,b dbname=lease user=lease</c>, or a <c>postgresql://</c> URI.</param>
    /// <param name="purpose">Shown in <c>pg_stat_activity</c>.</param>
    /// <param name="patience">An answer that takes longer ends the connection.</param>
    /// <exception cref="StoreException">No server could be reached, or none takes writes.</exception>
    public static Connection Open(string connectionString, string purpose, TimeSpan patience)
    {
        // What stands in the connection string counts before these.
        (string Keyword, string Value)[] settings =
        [
            ("connect_timeout", "2"),
            ("tcp_user_timeout", "3000"),
            ("keepalives_idle", "2"),
            ("keepalives_interval", "1"),
            ("keepalives_count", "3"),
            ("target_session_attrs", "read-write"),
            ("client_encoding", "UTF8"),
            ("application_name", $"lease {purpose}"),
            ("dbname", connectionString),
        ];
        var connection = new Connection(Connect(settings), patience);
        if (LibPq.Status(connection.handle) != LibPq.ConnectionOk)
        {
            var reason = TextOf(LibPq.ErrorMessage(connection.handle));
            connection.Dispose();
            throw new StoreException($"PostgreSQL cannot be reached: {reason}") { IsUnreachable = true };
        }

        // They would go to stderr as they are; what matters comes as an error too.
        LibPq.SetNoticeProcessor(connection.handle, &DropNotice, argument: null);

        // All that Lease asks is answered by one row of an index after the other; a plan made while a table was small must not be one that reads it as a whole.
        connection.Execute("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET plan_cache_mode = force_generic_plan; SET jit = off; SET client_min_messages = warning");
        return connection;
    }

    /// <summary>Runs statements without parameters and rows.</summary>
    public void Execute(string sql)
    {
        Check(LibPq.SendQuery(handle, sql) == 1, sql);
        Finish(sql).Dispose();
    }

    /// <summary>Runs a statement with <see cref="Parameters"/>; it is prepared when it is run for the first time.</summary>
    public Result Query(string sql)
    {
        try
        {
            if (!prepared.TryGetValue(sql, out var name))
            {
                name = string.Create(CultureInfo.InvariantCulture, $"s{prepared.Count}");
                Check(LibPq.SendPrepare(handle, name, sql, 0, types: null) == 1, sql);
                Finish(sql).Dispose();
                prepared.Add(sql, name);
            }

            Send(name, sql);
            return Finish(sql);
        }
        finally
        {
            // Also when it was refused: the next call has values of its own.
            Parameters.Clear();
        }
    }

    /// <summary>Runs a statement with <see cref="Parameters"/> and drops its rows.</summary>
    public void Run(string sql) => Query(sql).Dispose();

    /// <summary>Waits for notifications.</summary>
    /// <returns>Whether any has come.</returns>
    public bool WaitForNotification(TimeSpan atMost)
    {
        Wait(atMost);
        Check(LibPq.ConsumeInput(handle) == 1, "waiting for notifications");
        var any = false;
        for (IntPtr notification; (notification = LibPq.Notifies(handle)) != IntPtr.Zero; any = true)
            LibPq.Free(notification);
        return any;
    }

    public void Dispose()
    {
        IsBroken = true;
        if (handle == IntPtr.Zero)
            return;
        LibPq.Finish(handle);
        handle = IntPtr.Zero;
    }

    private static IntPtr Connect(ReadOnlySpan<(string Keyword, string Value)> settings)
    {
        var keywords = stackalloc byte*[settings.Length + 1];
        var values = stackalloc byte*[settings.Length + 1];
        for (var i = 0; i < settings.Length; i++)
        {
            keywords[i] = (byte*)Marshal.StringToCoTaskMemUTF8(settings[i].Keyword);
            values[i] = (byte*)Marshal.StringToCoTaskMemUTF8(settings[i].Value);
        }

        keywords[settings.Length] = values[settings.Length] = null;
        try
        {
            return LibPq.Connect(keywords, values, expandDbname: 1);
        }
        catch (DllNotFoundException e)
        {
            throw new StoreException("PostgreSQL's client library libpq.so.5 is not installed (Debian: apt-get install libpq5)", e);
        }
        finally
        {
            for (var i = 0; i < settings.Length; i++)
            {
                Marshal.FreeCoTaskMem((IntPtr)keywords[i]);
                Marshal.FreeCoTaskMem((IntPtr)values[i]);
            }
        }
    }

    private void Send(string name, string sql)
    {
        var count = Parameters.Count;
        var values = stackalloc byte*[count];
        var lengths = stackalloc int[count];
        var formats = stackalloc int[count];
        fixed (byte* buffer = Parameters.Buffer)
        {
            for (var i = 0; i < count; i++)
            {
                var (start, length) = Parameters.Values[i];
                values[i] = length < 0 ? null : buffer + start;
                lengths[i] = length;
                formats[i] = 1;
            }

            Check(LibPq.SendQueryPrepared(handle, name, count, values, lengths, formats, resultFormat: 1) == 1, sql);
        }
    }

    // The last result counts, or the first that is an error.
    private Result Finish(string doing)
    {
        var deadline = Stopwatch.GetTimestamp() + (long)(patience.TotalSeconds * Stopwatch.Frequency);
        Result? last = null;
        StoreException? error = null;
        while (true)
        {
            while (LibPq.IsBusy(handle) != 0)
            {
                var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), deadline);
                if (left <= TimeSpan.Zero)
                    throw Break($"PostgreSQL did not answer within {patience.TotalSeconds:0} s", doing);
                Wait(left);
                Check(LibPq.ConsumeInput(handle) == 1, doing);
            }

            var result = LibPq.GetResult(handle);
            if (result == IntPtr.Zero)
                break;
            if (LibPq.ResultStatus(result) is LibPq.CommandOk or LibPq.TuplesOk)
            {
                last?.Dispose();
                last = new Result(result);
                continue;
            }

            error ??= ErrorOf(result, doing);
            LibPq.Clear(result);
            if (LibPq.Status(handle) != LibPq.ConnectionOk)
                break;
        }

        if (error is null && last is not null && LibPq.Status(handle) == LibPq.ConnectionOk)
            return last;
        last?.Dispose();

        // A server that was the primary and is a replica now is as good as gone, too.
        if (error is null || LibPq.Status(handle) != LibPq.ConnectionOk || error.SqlState is "25006" or "57P01" or "57P02" or "57P03")
            throw Break(error?.Message ?? TextOf(LibPq.ErrorMessage(handle)), doing: null);
        throw error;
    }

    private void Wait(TimeSpan atMost)
    {
        var descriptor = new LibPq.PollDescriptor { Socket = LibPq.Socket(handle), Events = PollIn };
        _ = LibPq.Poll(&descriptor, 1, Math.Max(1, (int)Math.Ceiling(atMost.TotalMilliseconds)));
    }

    private void Check(bool succeeded, string doing)
    {
        if (!succeeded)
            throw Break(TextOf(LibPq.ErrorMessage(handle)), doing);
    }

    private StoreException Break(string reason, string? doing)
    {
        IsBroken = true;
        return new StoreException(doing is null ? reason : $"PostgreSQL: {reason} while {Short(doing)}");
    }

    private static StoreException ErrorOf(IntPtr result, string doing)
    {
        var state = TextOf(LibPq.ResultErrorField(result, LibPq.SqlState));
        return new StoreException($"PostgreSQL: {TextOf(LibPq.ResultErrorField(result, LibPq.Primary))} (SQLSTATE {state}) while {Short(doing)}")
        {
            SqlState = state,
            Detail = TextOf(LibPq.ResultErrorField(result, LibPq.Detail)),
        };
    }

    [UnmanagedCallersOnly]
    private static void DropNotice(void* argument, byte* message)
    {
    }

    private static string Short(string sql)
    {
        var line = sql.ReplaceLineEndings(" ");
        return line.Length <= 60 ? line : $"{line.AsSpan(0, 60)}...";
    }

    private static string TextOf(byte* text) => text is null ? "" : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text)).Trim().Replace("\t", "", StringComparison.Ordinal).ReplaceLineEndings("; ");
}

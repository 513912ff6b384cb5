using Lease.Kernel.IO;
using Npgsql;

namespace Lease.Storage.Postgres;

/// <summary>The operator's connection string, and what Lease adds to it.</summary>
internal static class ConnectionString
{
    // What stands in the operator's string counts before these.
    private const string Defaults = "Timeout=2;Gss Encryption Mode=Disable;Read Buffer Size=65536;Write Buffer Size=65536";

    // A connection that is idle is found dead; a Unix socket refuses to be asked for it.
    private const string OverNetwork = "Tcp Keepalive=true;Tcp Keepalive Time=2;Tcp Keepalive Interval=1";

    // All that Lease asks is answered by one row of an index after the other; a plan made while a table was small must not be one that reads it as a whole.
    // The server does not hear for hours of a node that has gone away without a word; its transaction must not keep the others from its
    // shards and slices when they claim them, after 4 s (docs/decisions/0010).
    private const string Settings =
        "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan -c jit=off "
        + "-c client_min_messages=warning -c idle_in_transaction_session_timeout=3s";

    /// <summary>What is wrong with it; null: nothing is.</summary>
    public static string? Check(string connectionString)
    {
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(connectionString);
            if (string.IsNullOrWhiteSpace(builder.Host))
                return "names no Host";

            // What has become part of the host is not shown: a password may be in it.
            if (builder.Host.Contains('=', StringComparison.Ordinal))
                return "has settings with a space between them: a semicolon belongs there";
            return FilesOf(builder).Select(RegularFile.DefectOf).FirstOrDefault(static defect => defect is not null);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException or NotSupportedException or KeyNotFoundException)
        {
            return $"is not a connection string of Npgsql's: {e.Message}";
        }
    }

    private static IEnumerable<string> FilesOf(NpgsqlConnectionStringBuilder builder)
    {
        string?[] files = [builder.Passfile, builder.SslCertificate, builder.SslKey, builder.RootCertificate];
        return files.OfType<string>().Where(static file => file.Length > 0);
    }

    /// <summary>The string for a connection. Each is kept and used by one owner, so there is no pool; a deadline that passes ends the connection at once, since nothing is known of its server then.</summary>
    public static string Complete(string connectionString, string purpose, TimeSpan patience)
    {
        var isLocal = new NpgsqlConnectionStringBuilder(connectionString).Host?.Contains('/', StringComparison.Ordinal) == true;
        var complete = new NpgsqlConnectionStringBuilder($"{Defaults};{(isLocal ? "" : OverNetwork)};Application Name=lease {purpose};{connectionString}")
        {
            Pooling = false,
            Enlist = false,
            Multiplexing = false,
            CommandTimeout = Math.Max(1, (int)Math.Ceiling(patience.TotalSeconds)),
            CancellationTimeout = -1,
            IncludeErrorDetail = true,
        };
        complete.Options = $"{Settings} {complete.Options}";
        return complete.ConnectionString;
    }
}

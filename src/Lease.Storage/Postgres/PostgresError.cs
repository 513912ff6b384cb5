using System.Net.Sockets;
using Npgsql;

namespace Lease.Storage.Postgres;

/// <summary>What Npgsql throws, in one line.</summary>
internal static class PostgresError
{
    /// <summary>Whether it came from the server, or from the way to it; a connection that has gone already says <see cref="InvalidOperationException"/>.</summary>
    public static bool IsExpected(Exception e) => e is NpgsqlException or TimeoutException or IOException or SocketException or InvalidOperationException;

    /// <summary>The reasons; of several hosts each one's.</summary>
    public static string Describe(Exception e) => e switch
    {
        PostgresException refusal => $"{OneLine(refusal.MessageText)} (SQLSTATE {refusal.SqlState})",
        AggregateException several => string.Join("; ", several.InnerExceptions.Select(Describe)),
        NpgsqlException { InnerException: AggregateException several } => Describe(several),
        { InnerException: TimeoutException } => "no answer in time",
        { InnerException: not null } => $"{OneLine(e.Message)}: {OneLine(e.GetBaseException().Message)}",
        _ => OneLine(e.Message),
    };

    /// <summary>The beginning of a statement.</summary>
    public static string Short(string sql)
    {
        var line = OneLine(sql);
        return line.Length <= 60 ? line : $"{line.AsSpan(0, 60)}...";
    }

    private static string OneLine(string text) => text.Trim().ReplaceLineEndings(" ");
}

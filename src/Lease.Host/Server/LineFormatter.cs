using System.Globalization;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Lease.Host.Server;

/// <summary>A line for each event. What clients, servers and certificates say stands in many of them, so control characters are escaped in all.</summary>
internal sealed class LineFormatter() : ConsoleFormatter(FormatterName)
{
    /// <summary>By which the console's options name it.</summary>
    public const string FormatterName = "line";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var time = DateTime.UtcNow.ToString(Logging.TimeFormat, CultureInfo.InvariantCulture);
        var text = logEntry.Formatter(logEntry.State, logEntry.Exception);
        textWriter.Write($"{time} {NameOf(logEntry.LogLevel)}: {logEntry.Category}[{logEntry.EventId.Id}] {OctetText.Escape(text)}");
        if (logEntry.Exception is { } exception)
            textWriter.Write($" {OctetText.Escape(exception.ToString().ReplaceLineEndings(" "))}");
        textWriter.WriteLine();
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Lease.Host.Server;

/// <summary>Logs on standard error: a line for each event, or a JSON object for each.</summary>
internal static class Logging
{
    public const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    public static ILoggerFactory Create(LogLevel level, bool json) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(level);
        builder.AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.FormatterName = LineFormatter.FormatterName;
        });
        if (json)
        {
            builder.AddJsonConsole(options =>
            {
                options.TimestampFormat = TimeFormat;
                options.UseUtcTimestamp = true;
            });
        }
        else
        {
            builder.AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>();
        }
    });
}

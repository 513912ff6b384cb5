using Microsoft.Extensions.Logging;

namespace Lease.Host.Server;

/// <summary>Logs on standard error: a line for each event, or a JSON object for each.</summary>
internal static class Logging
{
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";

    public static ILoggerFactory Create(LogLevel level, bool json) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(level);
        builder.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (json)
        {
            builder.AddJsonConsole(options =>
            {
                options.TimestampFormat = TimeFormat.Trim();
                options.UseUtcTimestamp = true;
            });
        }
        else
        {
            builder.AddSimpleConsole(options =>
            {
                options.SingleLine = true;
                options.TimestampFormat = TimeFormat;
                options.UseUtcTimestamp = true;
                options.ColorBehavior = Microsoft.Extensions.Logging.Console.LoggerColorBehavior.Disabled;
            });
        }
    });
}

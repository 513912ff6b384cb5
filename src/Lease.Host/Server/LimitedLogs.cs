using Microsoft.Extensions.Logging;

namespace Lease.Host.Server;

/// <summary>
/// The logs of a running node. What packets can cause at <see cref="LogLevel.Warning"/> and above would fill a disk in a flood: of each kind
/// of line (event, link or interface, reason) ten are written in a minute, then it is said how many more there were. Lines below stay whole.
/// </summary>
/// <remarks>Links and interfaces are the configuration's, and a reason is an enumeration's value: packets add no kinds.</remarks>
internal sealed class LimitedLogs : ILoggerFactory
{
    /// <summary>Lines of a kind in a minute.</summary>
    public const int LinesAMinute = 10;

    /// <summary>Kinds that are told apart in a minute; what is more counts by its event alone.</summary>
    public const int MaxKinds = 1024;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly ILoggerFactory loggers;
    private readonly ITimer timer;
    private Dictionary<Kind, Tally> tallies = [];

    /// <summary>Writes to <paramref name="loggers"/>, which it does not dispose of.</summary>
    public LimitedLogs(ILoggerFactory loggers, TimeProvider time)
    {
        this.loggers = loggers;
        timer = time.CreateTimer(_ => EndMinute(), state: null, Minute, Minute);
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new LimitedLogger(this, loggers.CreateLogger(categoryName));

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

    /// <summary>Says what was not written.</summary>
    public void Dispose()
    {
        timer.Dispose();
        EndMinute();
    }

    private void EndMinute()
    {
        Dictionary<Kind, Tally> ended;
        lock (gate)
        {
            if (tallies.Count == 0)
                return;
            ended = tallies;
            tallies = [];
        }

        foreach (var tally in ended.Values)
        {
            if (tally.Lines > LinesAMinute)
                tally.Logger.MoreLines(tally.Level, tally.Lines - LinesAMinute, tally.Text);
        }
    }

    private Tally Count(in Kind kind, ILogger logger, LogLevel level, out long lines)
    {
        lock (gate)
        {
            if (!tallies.TryGetValue(kind, out var tally))
            {
                var counted = tallies.Count < MaxKinds ? kind : new Kind(kind.Event, Place: null, Reason: null);
                if (!tallies.TryGetValue(counted, out tally))
                    tallies.Add(counted, tally = new Tally(logger, level));
            }

            lines = ++tally.Lines;
            return tally;
        }
    }

    // Event ids are of the program, so their number is bounded.
    private readonly record struct Kind(int Event, string? Place, object? Reason)
    {
        public static Kind Of<TState>(EventId id, TState state)
        {
            string? place = null;
            object? reason = null;
            if (state is IReadOnlyList<KeyValuePair<string, object?>> values)
            {
                foreach (var (name, value) in values)
                {
                    if (name is "Link" or "Interface")
                        place = value as string;
                    else if (value is Enum)
                        reason = value;
                }
            }

            return new Kind(id.Id, place, reason);
        }
    }

    private sealed class Tally(ILogger logger, LogLevel level)
    {
        public ILogger Logger { get; } = logger;

        public LogLevel Level { get; } = level;

        public long Lines { get; set; }

        /// <summary>The first line.</summary>
        public string Text { get; set; } = "";
    }

    private sealed class LimitedLogger(LimitedLogs owner, ILogger logger) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => logger.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning && logLevel != LogLevel.None && !MayWrite(logLevel, eventId, state, exception, formatter))
                return;
            logger.Log(logLevel, eventId, state, exception, formatter);
        }

        private bool MayWrite<TState>(
            LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var tally = owner.Count(Kind.Of(id, state), logger, level, out var lines);
            if (lines == 1)
                tally.Text = formatter(state, exception);
            return lines <= LinesAMinute;
        }
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Tests.Cluster;

/// <summary>Keeps the log's lines with their numbers.</summary>
internal sealed class EventLog : ILogger
{
    private readonly ConcurrentQueue<(int Number, string Line)> lines = new();

    /// <summary>The lines with one of these numbers, in order.</summary>
    public IReadOnlyList<(int Number, string Line)> Of(params int[] numbers) => [.. lines.Where(l => numbers.Contains(l.Number))];

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => lines.Enqueue((eventId.Id, formatter(state, exception)));
}

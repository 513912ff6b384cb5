using Lease.Host.Server;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Host.Tests.Server;

public sealed class LineFormatterTests
{
    [Fact]
    public void What_others_say_cannot_end_a_line_or_drive_a_terminal()
    {
        var line = Write("certificate CN=\u001b[2Jevil\r\n2030 info: x[1] granted\u202e\u0085\u2028 caf\u00e9");
        line.ShouldEndWith(": test[7] certificate CN=\\u001b[2Jevil\\u000d\\u000a2030 info: x[1] granted\\u202e\\u0085\\u2028 caf\u00e9\n");
    }

    [Fact]
    public void Exceptions_stay_on_their_line()
    {
        var line = Write("failed", new InvalidOperationException("one\ntwo\u001b"));
        line.ShouldContain("failed System.InvalidOperationException: one two\\u001b");
        line.Count(static c => c == '\n').ShouldBe(1);
    }

    private static string Write(string text, Exception? exception = null)
    {
        using var written = new StringWriter { NewLine = "\n" };
        var entry = new LogEntry<string>(LogLevel.Warning, "test", new EventId(7), text, exception, static (state, _) => state);
        new LineFormatter().Write(entry, scopeProvider: null, written);
        return written.ToString();
    }
}

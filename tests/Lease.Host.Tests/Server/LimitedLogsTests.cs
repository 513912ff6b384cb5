using System.Net.Sockets;
using Lease.Host.Server;
using Lease.Host.Tests.Leasequery;
using Lease.Kernel.TestKit;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Tests.Server;

public sealed class LimitedLogsTests : IDisposable
{
    private readonly VirtualTime time = new();
    private readonly LogLines written = new();
    private readonly LimitedLogs logs;
    private readonly ILogger logger;

    public LimitedLogsTests()
    {
        logs = new LimitedLogs(written, time);
        logger = logs.CreateLogger("test");
    }

    public void Dispose() => logs.Dispose();

    [Fact]
    public void Ten_lines_a_minute_are_written_and_the_others_are_counted_without_another_event()
    {
        for (var i = 0; i < 1000; i++)
            logger.LogWarning(new EventId(1), "no free lease link={Link} client={Client}", "subnet-1", i);
        written.Lines.Count().ShouldBe(10);
        time.Advance(TimeSpan.FromMinutes(1));
        written.Lines.Count().ShouldBe(11);
        written.Lines.Last().ShouldBe("990 more in the last minute like: no free lease link=subnet-1 client=0");
        time.Advance(TimeSpan.FromMinutes(5));
        written.Lines.Count().ShouldBe(11, "nothing came meanwhile");
    }

    [Fact]
    public void Each_link_and_each_reason_has_its_own_ten()
    {
        for (var i = 0; i < 20; i++)
        {
            logger.LogWarning(new EventId(1), "{Link} {Error}", "one", SocketError.AccessDenied);
            logger.LogWarning(new EventId(1), "{Link} {Error}", "two", SocketError.AccessDenied);
            logger.LogWarning(new EventId(1), "{Link} {Error}", "two", SocketError.TimedOut);
            logger.LogError(new EventId(2), "{Link}", "two");
        }

        written.Lines.Count().ShouldBe(40);
    }

    [Fact]
    public void Events_of_leases_stay_whole()
    {
        for (var i = 0; i < 1000; i++)
            logger.LogInformation(new EventId(1), "granted link={Link}", "subnet-1");
        written.Lines.Count().ShouldBe(1000);
    }

    [Fact]
    public void Texts_from_packets_make_no_kind_of_their_own()
    {
        for (var i = 0; i < 1000; i++)
            logger.LogWarning(new EventId(1), "from {Source}: {Reason}", $"source {i}", $"reason {i}");
        written.Lines.Count().ShouldBe(10);
    }

    [Fact]
    public void With_more_links_than_it_counts_the_others_share_theirs()
    {
        for (var i = 0; i < 100_000; i++)
            logger.LogWarning(new EventId(1), "{Link}", $"link {i}");
        written.Lines.Count().ShouldBe(LimitedLogs.MaxKinds + LimitedLogs.LinesAMinute);
        time.Advance(TimeSpan.FromMinutes(1));
        written.Lines.Last().ShouldStartWith($"{100_000 - LimitedLogs.MaxKinds - LimitedLogs.LinesAMinute} more in the last minute");
    }

    [Fact]
    public void What_was_not_written_is_said_at_the_end()
    {
        for (var i = 0; i < 11; i++)
            logger.LogWarning(new EventId(1), "full");
        logs.Dispose();
        written.Lines.Last().ShouldBe("1 more in the last minute like: full");
    }
}

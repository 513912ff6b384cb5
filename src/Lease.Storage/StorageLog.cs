using Lease.Kernel.Sharding;
using Microsoft.Extensions.Logging;

namespace Lease.Storage;

internal static partial class StorageLog
{
    [LoggerMessage(2001, LogLevel.Error, "a batch of {Writes} writes was not stored, their clients get no answer: {Reason}")]
    public static partial void BatchFailed(this ILogger logger, int writes, string reason);

    [LoggerMessage(2002, LogLevel.Error, "the shards could not be read again after a failed batch: {Reason}")]
    public static partial void RereadFailed(this ILogger logger, string reason);

    [LoggerMessage(2003, LogLevel.Information, "{Store}: {Report}")]
    public static partial void Opened(this ILogger logger, string store, string report);

    [LoggerMessage(2004, LogLevel.Error, "what became of a batch of {Writes} writes is unknown, their clients get no answer and their {Shards} shards are claimed anew: {Reason}")]
    public static partial void OutcomeUnknown(this ILogger logger, int writes, int shards, string reason);

    [LoggerMessage(2005, LogLevel.Information, "connected to {Server} for {Purpose}")]
    public static partial void Connected(this ILogger logger, string server, string purpose);

    [LoggerMessage(2006, LogLevel.Warning, "the event log cannot be read, active queries wait: {Reason}")]
    public static partial void TailFailed(this ILogger logger, string reason);

    [LoggerMessage(2007, LogLevel.Information, "schema version {Version} of {Store} is there")]
    public static partial void Migrated(this ILogger logger, int version, string store);

    [LoggerMessage(2008, LogLevel.Warning, "old events were not deleted: {Reason}")]
    public static partial void NotPruned(this ILogger logger, string reason);

    [LoggerMessage(2009, LogLevel.Error, "the binding {Key} cannot be stored as it is, its client gets no answer: {Reason}")]
    public static partial void WriteFailed(this ILogger logger, EntityKey key, string reason);

    [LoggerMessage(2010, LogLevel.Information, "no rehearsal in temporary tables, so the first clients may wait longer: {Reason}")]
    public static partial void StatementsNotRehearsed(this ILogger logger, string reason);

    [LoggerMessage(2011, LogLevel.Critical,
        "the store is lost: {Reason}. Nothing more is acknowledged and the server ends; the files are left as they are")]
    public static partial void StoreLost(this ILogger logger, string reason);

    [LoggerMessage(2012, LogLevel.Error,
        "{Log} is missing, though {File} was not closed: the last leases that were granted are lost, unless another program has"
        + " moved them into the tables")]
    public static partial void LogMissing(this ILogger logger, string file, string log);

    [LoggerMessage(2013, LogLevel.Warning, "{File} is moved to {Aside}, to begin with an empty store")]
    public static partial void SetAside(this ILogger logger, string file, string aside);

    [LoggerMessage(2014, LogLevel.Warning, "{File} or its log can be read by others: {Reason}")]
    public static partial void NotProtected(this ILogger logger, string file, string reason);

    [LoggerMessage(2015, LogLevel.Warning,
        "this machine's clock was set {Step} s ahead (less than zero: back) to {Clock}. No lease ends early for it: their time "
        + "goes on by the monotonic clock, and the clock is {Ahead} s ahead of it now")]
    public static partial void ClockStepped(this ILogger logger, double step, string clock, double ahead);

    [LoggerMessage(2016, LogLevel.Warning,
        "this machine's clock was set while a server ran on this store: the time of the leases stays {Ahead} s behind it")]
    public static partial void ClockStaysAhead(this ILogger logger, double ahead);

    [LoggerMessage(2017, LogLevel.Error,
        "this machine's clock shows {Clock}, the last commit was at {Last}, {Seconds} s later: the time of the leases goes on "
        + "from the last commit. Set the clock")]
    public static partial void ClockBeforeLastCommit(this ILogger logger, string clock, string last, double seconds);

    [LoggerMessage(2018, LogLevel.Error,
        "this machine's clock shows {Clock}, the last commit was at {Last}, {Seconds} s before (more than "
        + "storage.max-clock-gap, {MaxGap} s): leases that ended in between are given to others. If the clock is wrong, end the "
        + "server and set it before the next start")]
    public static partial void ClockFarBehindLastCommit(this ILogger logger, string clock, string last, double seconds, double maxGap);
}

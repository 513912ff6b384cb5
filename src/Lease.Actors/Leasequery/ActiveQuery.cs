using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>
/// An active query (RFC 7653). Either it is live: each change goes into the connection's buffer as it is published; or it is behind, at its beginning, for a catch-up, or because the
/// requestor does not read: then it only remembers since when, and replays the event log from there when there is room, each changed binding once in its current state.
/// What it holds is bounded, whatever happens meanwhile.
/// </summary>
internal sealed class ActiveQuery : RunningQuery
{
    private const int PageEvents = 1000;

    private readonly IBindingQueries tables;
    private readonly IEventLog log;
    private readonly LeasequeryCounters counters;
    private readonly Action<ActiveQuery, long> onDataMissing;
    private StreamPosition? position;
    private long behindSince;
    private bool isBehind = true;
    private bool isCatchUp;
    private long sentAt;

    /// <summary>Makes the query of a connection that is subscribed to the feed.</summary>
    /// <param name="query">What is asked for.</param>
    /// <param name="reply">Its messages.</param>
    /// <param name="startTime">START_TIME in Unix milliseconds, or null: from now on.</param>
    /// <param name="tables">The tables.</param>
    /// <param name="log">The event log.</param>
    /// <param name="counters">Where it is counted.</param>
    /// <param name="onDataMissing">Called with the time since when data is missing.</param>
    public ActiveQuery(
        BindingQuery query, QueryReply reply, long? startTime, IBindingQueries tables, IEventLog log, LeasequeryCounters counters, Action<ActiveQuery, long> onDataMissing)
        : base(query, reply)
    {
        this.tables = tables;
        this.log = log;
        this.counters = counters;
        this.onDataMissing = onDataMissing;
        isCatchUp = startTime is not null;
        var settled = log.SettledThrough;
        HandedThrough = Math.Min(startTime ?? settled, settled);
        behindSince = startTime <= settled ? startTime.Value : settled + 1;
    }

    /// <inheritdoc/>
    public override string Kind => "active";

    /// <summary>Up to when every change has been handed to the connection, Unix milliseconds: its base time never runs ahead of this.</summary>
    public long HandedThrough { get; private set; }

    /// <inheritdoc/>
    public override QueryProgress Fill(OutputBuffer output, long now)
    {
        if (!isBehind)
            return QueryProgress.Waiting;
        position ??= log.FindStart(behindSince);
        if (position is null)
            Miss(output, now);
        if (!Reply.IsBegun)
            Send(output, now, status: null, "");
        var settled = log.SettledThrough;
        var frames = new ClientFrames(output.ForData(), Query, Reply, now) { BaseTime = HandedThrough, Ended = (behindSince, tables) };
        var replayed = log.Replay(position!, PageEvents, ref frames);
        output.Commit(frames.Length);
        Count(frames, now);
        position = replayed.Position;
        if (replayed.Lost)
            Miss(output, now);
        else if (replayed.Ended)
            GoLive(output, now, settled);
        return isBehind ? QueryProgress.More : QueryProgress.Waiting;
    }

    /// <summary>Takes published changes; falls behind when they find no room.</summary>
    public void Take(ChangeBatch batch, OutputBuffer output, long now)
    {
        if (isBehind)
            return;
        if (batch.HasGap)
            FallBehind();
        for (var i = 0; i < batch.Changes.Count && !isBehind; i++)
        {
            if (TryTake(batch.Changes[i], output, now))
                HandedThrough = Math.Max(HandedThrough, batch.Changes[i].ChangedAt);
            else
                FallBehind();
        }
    }

    /// <summary>Every change up to this time (Unix milliseconds) has come through <see cref="Take"/>.</summary>
    public void Settle(long through)
    {
        if (!isBehind)
            HandedThrough = Math.Max(HandedThrough, through);
    }

    /// <summary>Says that the connection lives, when nothing was sent for <paramref name="idle"/> (RFC 7653 section 8.3).</summary>
    public void KeepAlive(OutputBuffer output, long now, TimeSpan idle)
    {
        if (Reply.IsBegun && !output.IsSending && output.Waiting == 0 && now - sentAt >= idle.TotalMilliseconds)
            Send(output, now, status: null, "");
    }

    /// <inheritdoc/>
    public override void Terminate(OutputBuffer output, long now, StatusCode status, string text)
        => output.Commit(Reply.Done(output.ForStatus(), HandedThrough, status, text));

    private bool TryTake(BindingChange change, OutputBuffer output, long now)
    {
        try
        {
            return TryWrite(change, output, now);
        }
        catch (IOException)
        {
            // Whether an ended lease is another's now could not be asked: the replay asks again, or says that the tables cannot be read.
            return false;
        }
    }

    private bool TryWrite(BindingChange change, OutputBuffer output, long now)
    {
        var record = change.Record;
        if (!Query.MayMatch(record, out var isCertain) || (!isCertain && !Query.Matches(record, new BindingView(record.Payload))))
            return true;
        foreach (var data in change.ClientData(Query, Reply.Settings.Configuration.CodePoints))
        {
            var frame = output.ForData();
            var writer = Reply.Begin(frame, change.ChangedAt);
            writer.Octets(data);
            if (writer.Overflowed)
                return false;
            output.Commit(Reply.End(frame, writer));
            Clients++;
            counters.Add(LeasequeryCount.ClientsSent);
            sentAt = now;
        }

        return true;
    }

    private void FallBehind()
    {
        counters.Add(LeasequeryCount.FellBehind);
        isBehind = true;
        position = null;
        behindSince = HandedThrough;
    }

    // RFC 7653 sections 8.3.1 and 9.2: what is missing is named, the catch-up ends, and updates go on from this time.
    private void Miss(OutputBuffer output, long now)
    {
        onDataMissing(this, behindSince);
        counters.Add(LeasequeryCount.DataMissing);
        isCatchUp = false;

        // What comes from now on has this time or a later one, by the store's clock.
        behindSince = HandedThrough = log.SettledThrough + 1;
        position = log.FindStart(behindSince) ?? log.End;
        Send(output, now, StatusCode.DataMissing, "the changes since the start time are not kept any more");
    }

    private void GoLive(OutputBuffer output, long now, long settled)
    {
        isBehind = false;
        position = null;
        HandedThrough = Math.Max(HandedThrough, settled);
        if (isCatchUp)
            Send(output, now, StatusCode.CatchUpComplete, "");
        isCatchUp = false;
    }

    private void Send(OutputBuffer output, long now, StatusCode? status, string text)
    {
        output.Commit(Reply.Status(output.ForStatus(), HandedThrough, status, text));
        sentAt = now;
    }

    private void Count(in ClientFrames frames, long now)
    {
        HandedThrough = Math.Max(HandedThrough, frames.BaseTime);
        Clients += frames.Clients;
        counters.Add(LeasequeryCount.ClientsSent, frames.Clients);
        counters.Add(LeasequeryCount.Unreadable, frames.Unreadable);
        if (frames.Clients > 0)
            sentAt = now;
    }
}

using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>
/// A bulk query (RFC 5460): walks the tables a page at a time, as fast as the requestor reads. Ends at the newest row of its beginning, whatever is added meanwhile.
/// </summary>
/// <param name="query">What is asked for.</param>
/// <param name="reply">Its messages.</param>
/// <param name="tables">The tables.</param>
/// <param name="log">Knows what may still come.</param>
/// <param name="counters">Where rows that cannot be told are counted.</param>
internal sealed class BulkQuery(BindingQuery query, QueryReply reply, IBindingQueries tables, IEventLog log, LeasequeryCounters counters) : RunningQuery(query, reply)
{
    private const int PageRows = 1000;

    private long? newestRow;
    private WalkPosition position;
    private bool ended;

    /// <inheritdoc/>
    public override string Kind => "bulk";

    /// <inheritdoc/>
    public override QueryProgress Fill(OutputBuffer output, long now)
    {
        if (!ended)
        {
            newestRow ??= tables.NewestRow;
            var frames = new ClientFrames(output.ForData(), Query, Reply, now) { NewestRow = newestRow.Value, BaseTime = log.BaseTime(now) };
            var walked = tables.Walk(Query.Selection, position, PageRows, ref frames);
            output.Commit(frames.Length);
            position = walked.Position;
            ended = walked.Ended;
            Clients += frames.Clients;
            counters.Add(LeasequeryCount.ClientsSent, frames.Clients);
            counters.Add(LeasequeryCount.Unreadable, frames.Unreadable);
        }

        if (!ended)
            return QueryProgress.More;

        if (Query.Ipv4 is { IsSingle: true } && Clients == 0)
            TellNothing(output, now);

        // RFC 5460 section 6.3: an answer without a binding is LEASEQUERY-REPLY alone. The status says outright that the answer is whole.
        output.Commit(Reply.Done(output.ForStatus(), log.BaseTime(now), StatusCode.Success, ""));
        return QueryProgress.Done;
    }

    // RFC 4388 section 6.4.1: DHCPLEASEQUERY is answered also when nothing is leased.
    private void TellNothing(OutputBuffer output, long now)
    {
        var frame = output.ForStatus();
        var writer = Reply.Begin(frame, log.BaseTime(now));
        Span<byte> message = stackalloc byte[Dhcp4LeaseMessage.MaxSize];
        writer.Option(OptionCode.Dhcpv4Message, message[..Dhcp4LeaseMessage.WriteNone(message, Query, Reply.Settings, now)]);
        if (!writer.Overflowed)
            output.Commit(Reply.End(frame, writer));
    }

    /// <inheritdoc/>
    public override void Terminate(OutputBuffer output, long now, StatusCode status, string text)
        => output.Commit(Reply.Done(output.ForStatus(), log.BaseTime(now), status, text));
}

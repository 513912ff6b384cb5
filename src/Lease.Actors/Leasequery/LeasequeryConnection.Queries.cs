using Akka.Actor;
using Lease.Actors.Configuration;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Leasequery;

/// <summary>What comes in on the connection.</summary>
internal sealed partial class LeasequeryConnection
{
    private void OnFirstFrame(byte[] octets)
    {
        Become(Streaming);
        if (Dhcp6Message.TryRead(octets, 0, out var message, out _) && message.Type == MessageType.StartTls)
            AnswerStartTls(message.TransactionId);
        else
            OnFrame(octets);
    }

    private void OnFrame(byte[] octets)
    {
        if (!Dhcp6Message.TryRead(octets, 0, out var message, out var defect))
        {
            service.Counters.Add(LeasequeryCount.Invalid);
            connection.Abort($"a message cannot be read: {defect}");
            return;
        }

        var settings = service.Settings;
        if (MessageValidation.CheckLeaseQuery(message, settings.ServerDuid) != Validity.Valid || IsRunning(message.TransactionId))
            service.Counters.Add(LeasequeryCount.Invalid);
        else if (!service.Gate.TryTake(requestor, connection.Remote.Address))
            held = octets;
        else
            Begin(message, settings);
        Pump();
    }

    // A requestor over its rate waits, and nothing more is read from it meanwhile.
    private void RetryHeld()
    {
        if (held is not { } octets)
            return;
        held = null;
        OnFrame(octets);
    }

    private bool IsRunning(uint transactionId)
    {
        foreach (var query in queries)
        {
            if (query.Reply.TransactionId == transactionId)
                return true;
        }

        return false;
    }

    // The REPLY still goes in the clear.
    private void AnswerStartTls(uint transactionId)
    {
        var isSpoken = service.Settings.Configuration.Tls is not null && requestor.Tls != TlsUse.Off;
        var frame = output.ForStatus();
        var writer = new Dhcp6Writer(frame);
        writer.U16(0);
        writer.MessageHeader(MessageType.Reply, transactionId);
        if (!isSpoken)
            Protocol.Dhcp6.Options.StatusCodeOption.Write(ref writer, StatusCode.TlsConnectionRefused, "TLS is not spoken with you"u8);
        TcpFraming.WriteSize(frame, writer.Length - TcpFraming.HeaderSize);
        output.Commit(writer.Length);
        if (isSpoken)
            BeginTls();
        Send();
        ReadMore();
    }

    private void BeginTls()
    {
        reading = true;
        Become(StartingTls);
    }

    private void Begin(in Dhcp6Message message, LeasequerySettings settings)
    {
        var isActive = message.Type == MessageType.ActiveLeaseQuery;
        var way = isActive ? LeasequeryAccess.Active : LeasequeryAccess.Bulk;
        message.Options.TryGet(OptionCode.ClientId, out var clientId);
        var reader = new QueryReader(settings.Configuration, settings.Links, Now);
        var understood = reader.TryRead(message, requestor, out var query, out var refusal);
        var reply = new QueryReply(message.TransactionId, clientId.ToArray(), settings, understood && query.WithBaseTime);
        if ((requestor.Access & way) == LeasequeryAccess.None || (!understood && refusal.Code == StatusCode.NotAllowed))
            Forbid(way, refusal.Text);
        else if (requestor.Tls == TlsUse.Required && !connection.IsSecure)
            Refuse(reply, new(StatusCode.NotAllowed, "TLS is required: begin with STARTTLS"), ends: true);
        else if (isActive && !settings.Configuration.Active)
            Refuse(reply, new(StatusCode.NotSupported, "active leasequery is switched off"), ends: true);
        else if (!understood)
            Refuse(reply, refusal, ends: isActive);
        else if (isActive && message.Options.Contains(OptionCode.LqEndTime))
            Refuse(reply, new(StatusCode.MalformedQuery, "an active query has no end time"), ends: true);
        else
            Start(query, reply, isActive);
    }

    private void Start(BindingQuery query, QueryReply reply, bool isActive)
    {
        service.Counters.Add(isActive ? LeasequeryCount.ActiveQueries : LeasequeryCount.BulkQueries);
        RunningQuery running = isActive ? MakeActive(query, reply) : new BulkQuery(query, reply, service.Tables, service.Log, service.Counters);
        if (service.Logger.IsEnabled(LogLevel.Information))
            service.Logger.QueryBegun(running.Kind, source, reply.TransactionId, TextOf(query));
        queries.Insert(0, running);
    }

    private ActiveQuery MakeActive(BindingQuery query, QueryReply reply)
    {
        if (!subscribed)
            service.Feed.Tell(new Subscribe(Self));
        long? start = query.ChangedFrom == long.MinValue ? null : query.ChangedFrom;
        return new ActiveQuery(query with { ChangedFrom = long.MinValue }, reply, start, service.Tables, service.Log, service.Counters, OnDataMissing);
    }

    private void OnDataMissing(ActiveQuery query, long since)
        => service.Logger.DataMissing(source, query.Reply.TransactionId, DateTimeOffset.FromUnixTimeMilliseconds(since));

    // Nothing is said to who asks for what it may not.
    private void Forbid(LeasequeryAccess way, string? reason)
    {
        var text = reason ?? $"{requestor.From} may not ask by {way}";
        service.Gate.Refuse(connection.Remote.Address, LeasequeryCount.NotAllowed, text);
        connection.Abort(text);
    }

    private void Refuse(QueryReply reply, QueryRefusal refusal, bool ends)
    {
        service.Counters.Add(LeasequeryCount.Refused);
        service.Logger.QueryRefused(source, reply.TransactionId, CodeNames.Of(refusal.Code), refusal.Text ?? "");
        output.Commit(reply.Status(output.ForStatus(), Now, refusal.Code, refusal.Text ?? ""));
        if (ends)
            Close($"refused: {CodeNames.Of(refusal.Code)}");
    }

    private static string TextOf(BindingQuery query)
        => query.Kind == QueryKinds.None ? "everything" : $"{query.Kind} {(query.Link is null ? "on all links" : "on link " + query.Link.Name)}";
}

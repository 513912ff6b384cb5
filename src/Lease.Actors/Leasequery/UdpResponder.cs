using System.Text;
using Akka.Actor;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;
using Lease.Actors.Scheduling;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Leasequery;

/// <summary>
/// Answers LEASEQUERYs over UDP from the tables, one at a time (RFC 5007 section 4.3; leasequery draft sections 4.4 and 4.5). Owner: the leasequery service; its mailbox is bounded.
/// </summary>
public sealed class UdpResponder : UntypedActor
{
    // RFC 5007 knows no limit for the one client that a query by address finds; the draft's 1,024 octets are what others are packed into.
    private const int DefaultReplySize = 1024;
    private const int MaxDatagram = 65_527;

    // A reply ends here even when it found nothing yet: its cookie goes on.
    private const int MaxRows = 5000;

    private readonly byte[] buffer = new byte[MaxDatagram];
    private readonly IBindingQueries tables;
    private readonly IEventLog log;
    private readonly LeasequeryCookie cookies;
    private readonly LeasequeryGate gate;
    private readonly LeasequeryCounters counters;
    private readonly MailboxBound mailbox;
    private readonly TimeProvider time;
    private readonly ILogger logger;

    /// <summary>Makes the actor; <paramref name="mailbox"/> counts what waits for it.</summary>
    public UdpResponder(
        IBindingQueries tables, IEventLog log, LeasequeryCookie cookies, LeasequeryGate gate, LeasequeryCounters counters, MailboxBound mailbox, TimeProvider time,
        ILogger logger)
    {
        this.tables = tables;
        this.log = log;
        this.cookies = cookies;
        this.gate = gate;
        this.counters = counters;
        this.mailbox = mailbox;
        this.time = time;
        this.logger = logger;
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        var datagram = message switch
        {
            UdpQuery query => query.Datagram,
            Dhcp4UdpQuery query => query.Datagram,
            _ => null,
        };
        if (datagram is null)
        {
            Unhandled(message);
            return;
        }

        mailbox.Leave();
        try
        {
            if (message is UdpQuery query)
                Answer(query);
            else
                ((Dhcp4UdpQuery)message).Answer(tables, Now);
        }
        catch (IOException e)
        {
            logger.QueryFailed(new Ipv6Address(datagram.Source.Address).ToString(), e.Message);
        }
        finally
        {
            datagram.Release();
        }
    }

    private static Ipv6Address SourceOf(UdpQuery query) => new(query.Datagram.Source.Address);

    private void Answer(UdpQuery asked)
    {
        var now = Now;
        var settings = asked.Settings;
        var message = asked.Message;
        var reader = new QueryReader(settings.Configuration, settings.Links, now);
        var isUnderstood = reader.TryRead(message, asked.Requestor, out var query, out var refusal);
        if (isUnderstood && query.Ipv4 is not null)
            refusal = new(StatusCode.MalformedQuery, "DHCPv4 leases are asked for over TCP, or by DHCPLEASEQUERY in DHCPV4-QUERY");
        if (!isUnderstood && refusal.Code == StatusCode.NotAllowed)
        {
            gate.Refuse(SourceOf(asked).ToIPAddress(), LeasequeryCount.NotAllowed, refusal.Text!);
            return;
        }

        var writer = new Dhcp6Writer(buffer);
        Span<int> marks = stackalloc int[RelayChain.MaxHops];
        RelayReply.Begin(ref writer, asked.Datagram.Data, asked.Chain, marks);
        var start = writer.Length;
        writer.MessageHeader(MessageType.LeaseQueryReply, message.TransactionId);
        writer.Option(OptionCode.ServerId, settings.ServerDuid);
        if (message.Options.TryGet(OptionCode.ClientId, out var clientId))
            writer.Option(OptionCode.ClientId, clientId);
        if (refusal.Text is null)
            WriteData(ref writer, start, asked, query, now);
        else
            WriteStatus(ref writer, refusal);
        RelayReply.End(ref writer, asked.Chain, marks);
        Send(asked, writer);
    }

    private void WriteStatus(ref Dhcp6Writer writer, QueryRefusal refusal)
    {
        counters.Add(LeasequeryCount.Refused);
        StatusCodeOption.Write(ref writer, refusal.Code, Encoding.UTF8.GetBytes(refusal.Text ?? ""));
    }

    private void WriteData(ref Dhcp6Writer writer, int start, UdpQuery asked, BindingQuery query, long now)
    {
        var points = asked.Settings.Configuration.CodePoints;
        asked.Message.Options.TryGet(OptionCode.LqQuery, out var octets);
        var position = default(WalkPosition);
        var newest = long.MaxValue;
        if (asked.Message.Options.TryGet(points.LqCookie, out var cookie) && !cookies.TryRead(cookie, octets, out position, out newest))
        {
            WriteStatus(ref writer, new(points.StaleCookie, "the cookie is not this server's, or not of this query"));
            return;
        }

        if (newest == long.MaxValue && IsLong(query.Kind))
            newest = tables.NewestRow;
        if (query.WithBaseTime)
            writer.OptionU32(OptionCode.LqBaseTime, DhcpTime.ToSeconds(DateTimeOffset.FromUnixTimeMilliseconds(log.BaseTime(now))));
        var client = new ClientDataWriter(query, points, now);
        var packer = new ReplyPacker(writer, query, client, newest)
        {
            Limit = start + LimitOf(asked.Requestor, query),
            CookieRoom = Option.HeaderSize + LeasequeryCookie.Size,
        };
        var walked = tables.Walk(query.Selection, position, MaxRows, ref packer);
        counters.Add(LeasequeryCount.Unreadable, packer.Unreadable);
        if (IsOnSeveralLinks(asked, query, packer))
        {
            WriteLinks(ref writer, asked.Settings, query, client);
            return;
        }

        var tooShort = packer.Refused && (packer.Taken == 0 || packer.WithoutCookie);
        if (tooShort)
        {
            WriteStatus(ref writer, new(points.TooShort, "a client's data does not fit the reply size"));
            return;
        }

        writer = packer.Writer;
        counters.Add(LeasequeryCount.ClientsSent, packer.Taken);
        if (!walked.Ended && !packer.WithoutCookie)
            WriteCookie(ref writer, points.LqCookie, walked.Position, newest, octets);
    }

    // Over UDP, with IANA's numbers: a client on several links is told by their addresses, and asked for again on each (RFC 5007 section 4.1.2.5).
    private static bool IsOnSeveralLinks(UdpQuery asked, BindingQuery query, in ReplyPacker packer)
        => asked.Requestor.Dialect == LeasequeryDialect.Rfc && query is { Kind: QueryKinds.ByClientId, Link: null }
            && packer.Taken + (packer.Refused ? 1 : 0) > 1;

    private void WriteLinks(ref Dhcp6Writer writer, LeasequerySettings settings, BindingQuery query, ClientDataWriter client)
    {
        var names = new List<string>();
        var collector = new LinkCollector(query, client, names);
        tables.Walk(query.Selection, default, MaxRows, ref collector);
        var mark = writer.BeginOption(OptionCode.LqClientLink);
        foreach (var name in names)
        {
            if (settings.Links.NameOf(name) is { } address)
                writer.Address(address);
        }

        writer.EndOption(mark);
    }

    private void WriteCookie(ref Dhcp6Writer writer, OptionCode code, WalkPosition position, long newest, ReadOnlySpan<byte> query)
    {
        Span<byte> next = stackalloc byte[LeasequeryCookie.Size];
        cookies.Write(next, position, newest, query);
        writer.Option(code, next);
        counters.Add(LeasequeryCount.UdpContinued);
    }

    private static bool IsLong(QueryKinds kind) => kind is not (QueryKinds.ByAddress or QueryKinds.ByClientId);

    private static int LimitOf(Requestor requestor, BindingQuery query)
    {
        if (query.ReplySize > 0)
            return query.ReplySize;
        return requestor.Dialect == LeasequeryDialect.Rfc && !IsLong(query.Kind) ? MaxDatagram : DefaultReplySize;
    }

    private void Send(UdpQuery asked, Dhcp6Writer writer)
    {
        var datagram = asked.Datagram;
        var destination = asked.Chain.Hops > 0 ? ReplySender.RelayOf(datagram, asked.Chain, asked.Settings.Dhcp6) : datagram.Source;
        var sent = !writer.Overflowed && datagram.Channel.Send(writer.Written, destination);
        counters.Add(sent ? LeasequeryCount.UdpAnswered : LeasequeryCount.NotSent);
    }
}

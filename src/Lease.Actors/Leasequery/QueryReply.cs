using System.Text;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Leasequery;

/// <summary>
/// The messages that answer one query over TCP, each with its size in front (RFC 5460 sections 5.1 and 5.2, RFC 7653 section 6.2): LEASEQUERY-REPLY with what is the same for the whole answer,
/// then LEASEQUERY-DATA, then LEASEQUERY-DONE.
/// </summary>
/// <param name="transactionId">The query's.</param>
/// <param name="clientId">The requestor's DUID; empty when it gave none.</param>
/// <param name="settings">The configuration under which it is answered.</param>
/// <param name="withBaseTime">Whether each message carries LQ_BASE_TIME.</param>
internal sealed class QueryReply(uint transactionId, byte[] clientId, LeasequerySettings settings, bool withBaseTime)
{
    /// <summary>The query's transaction-id.</summary>
    public uint TransactionId => transactionId;

    /// <summary>The configuration under which it is answered.</summary>
    public LeasequerySettings Settings => settings;

    /// <summary>Whether each message carries LQ_BASE_TIME.</summary>
    public bool WithBaseTime => withBaseTime;

    /// <summary>Whether LEASEQUERY-REPLY has gone out.</summary>
    public bool IsBegun { get; private set; }

    /// <summary>What lifetimes are relative to, Unix milliseconds: the base time where it is sent (RFC 7653 section 6.3.1).</summary>
    public long RelativeTo(long baseTime, long now) => withBaseTime ? baseTime - (baseTime % 1000) : now;

    /// <summary>Begins the next message: LEASEQUERY-REPLY first, LEASEQUERY-DATA from then on.</summary>
    /// <param name="frame">Where the frame begins.</param>
    /// <param name="baseTime">Unix milliseconds.</param>
    public Dhcp6Writer Begin(Span<byte> frame, long baseTime)
    {
        var writer = new Dhcp6Writer(frame.Length > TcpFraming.MaxMessage + TcpFraming.HeaderSize ? frame[..(TcpFraming.MaxMessage + TcpFraming.HeaderSize)] : frame);
        writer.U16(0);
        if (IsBegun)
            BeginMessage(ref writer, MessageType.LeaseQueryData, baseTime);
        else
            BeginReply(ref writer, baseTime);
        return writer;
    }

    /// <summary>Ends a message: writes its size.</summary>
    /// <returns>Octets of the frame.</returns>
    public int End(Span<byte> frame, in Dhcp6Writer writer)
    {
        TcpFraming.WriteSize(frame, writer.Length - TcpFraming.HeaderSize);
        IsBegun = true;
        return writer.Length;
    }

    /// <summary>A message that is nothing but a status (or, without one, that the query was understood or the connection lives).</summary>
    public int Status(Span<byte> frame, long baseTime, StatusCode? status, string text)
    {
        var writer = Begin(frame, baseTime);
        return EndStatus(frame, writer, status, text);
    }

    /// <summary>LEASEQUERY-DONE; LEASEQUERY-REPLY when that has not gone out yet (RFC 5460 section 6.4).</summary>
    public int Done(Span<byte> frame, long baseTime, StatusCode? status, string text)
    {
        if (!IsBegun)
            return Status(frame, baseTime, status, text);
        var writer = new Dhcp6Writer(frame);
        writer.U16(0);
        BeginMessage(ref writer, MessageType.LeaseQueryDone, baseTime);
        return EndStatus(frame, writer, status, text);
    }

    private int EndStatus(Span<byte> frame, Dhcp6Writer writer, StatusCode? status, string text)
    {
        if (status is { } code)
            StatusCodeOption.Write(ref writer, code, Encoding.UTF8.GetBytes(text));
        return writer.Overflowed ? 0 : End(frame, writer);
    }

    private void BeginReply(ref Dhcp6Writer writer, long baseTime)
    {
        BeginMessage(ref writer, MessageType.LeaseQueryReply, baseTime);
        writer.Option(OptionCode.ServerId, settings.ServerDuid);
        if (clientId.Length > 0)
            writer.Option(OptionCode.ClientId, clientId);
    }

    private void BeginMessage(ref Dhcp6Writer writer, MessageType type, long baseTime)
    {
        writer.MessageHeader(type, transactionId);
        if (withBaseTime)
            writer.OptionU32(OptionCode.LqBaseTime, DhcpTime.ToSeconds(DateTimeOffset.FromUnixTimeMilliseconds(baseTime)));
    }
}

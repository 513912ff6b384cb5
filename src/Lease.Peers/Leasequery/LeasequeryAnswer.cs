using System.Text;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Leasequery;

/// <summary>One message of an answer: LEASEQUERY-REPLY, -DATA or -DONE, in place; valid while it is handled.</summary>
/// <param name="message">The message.</param>
public readonly ref struct LeasequeryAnswer(Dhcp6Message message)
{
    private readonly Dhcp6Message message = message;

    /// <summary>The type.</summary>
    public MessageType Type => message.Type;

    /// <summary>The query's transaction-id.</summary>
    public uint TransactionId => message.TransactionId;

    /// <summary>The options.</summary>
    public OptionList Options => message.Options;

    /// <summary>The status; Success where there is none.</summary>
    public StatusCode Status => StatusCodeOption.CodeIn(message.Options);

    /// <summary>Whether it carries a STATUS_CODE.</summary>
    public bool HasStatus => message.Options.Contains(OptionCode.StatusCode);

    /// <summary>The words that came with the status.</summary>
    public string StatusText => message.Options.TryGet(OptionCode.StatusCode, out var data) && data.Length > 2 ? Encoding.UTF8.GetString(data[2..]) : "";

    /// <summary>The server's time in seconds since 2000 (LQ_BASE_TIME); null where it did not say.</summary>
    public uint? BaseTime => message.Options.TryGetNumber(OptionCode.LqBaseTime, out var seconds) ? seconds : null;

    /// <summary>The first CLIENT_DATA.</summary>
    public bool TryGetClient(out ClientDataOption client)
    {
        client = default;
        return message.Options.TryGet(OptionCode.ClientData, out var data) && ClientDataOption.TryRead(new Option(OptionCode.ClientData, data), out client);
    }

    /// <summary>Whether it answers the query of <paramref name="requestor"/> with this transaction-id (RFC 5007 section 4.2.2).</summary>
    public bool IsFor(uint transactionId, ReadOnlySpan<byte> requestor)
        => message.Type == MessageType.LeaseQueryReply && message.TransactionId == transactionId && message.Options.Contains(OptionCode.ServerId)
            && message.Options.TryGet(OptionCode.ClientId, out var client) && client.SequenceEqual(requestor);
}

/// <summary>A query was refused or broken off; <see cref="Status"/> says why.</summary>
public sealed class LeasequeryException : IOException
{
    /// <summary>Makes it.</summary>
    public LeasequeryException(StatusCode status, string text)
        : base(text.Length == 0 ? CodeNames.Of(status) : $"{CodeNames.Of(status)}: {text}") => Status = status;

    /// <summary>The server's status.</summary>
    public StatusCode Status { get; }
}

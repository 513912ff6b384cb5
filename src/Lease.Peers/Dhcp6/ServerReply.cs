using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Dhcp6;

/// <summary>An association in a server's answer.</summary>
/// <param name="Kind">Which kind.</param>
/// <param name="Iaid">Its number.</param>
/// <param name="T1">Seconds.</param>
/// <param name="T2">Seconds.</param>
/// <param name="Status">Its status; Success where there is none.</param>
/// <param name="Leases">Its leases.</param>
public sealed record ReplyAssociation(OptionCode Kind, uint Iaid, uint T1, uint T2, StatusCode Status, IReadOnlyList<ClientLease> Leases);

/// <summary>A server's answer, taken apart.</summary>
public sealed record ServerReply
{
    private ServerReply(byte[] datagram, RelayedReply relays, Dhcp6Message message)
    {
        Datagram = datagram;
        Relays = relays;
        Type = message.Type;
        TransactionId = message.TransactionId;
        Status = StatusCodeOption.CodeIn(message.Options);
        HasStatus = message.Options.Contains(OptionCode.StatusCode);
        ClientId = message.Options.TryGet(OptionCode.ClientId, out var client) ? client.ToArray() : [];
        ServerId = message.Options.TryGet(OptionCode.ServerId, out var server) ? server.ToArray() : [];
        var associations = new List<ReplyAssociation>();
        var options = new List<(OptionCode, byte[])>();
        foreach (var option in message.Options)
        {
            options.Add((option.Code, option.Data.ToArray()));
            if (IaOption.TryRead(option, out var ia))
                associations.Add(new(ia.Code, ia.Iaid, ia.T1, ia.T2, StatusCodeOption.CodeIn(ia.Options), LeasesOf(ia)));
        }

        Associations = associations;
        Options = options;
    }

    /// <summary>The octets received.</summary>
    public byte[] Datagram { get; }

    /// <summary>The relay messages around it.</summary>
    public RelayedReply Relays { get; }

    /// <summary>The message type.</summary>
    public MessageType Type { get; }

    /// <summary>24 bits.</summary>
    public uint TransactionId { get; }

    /// <summary>The message's status; Success where there is none.</summary>
    public StatusCode Status { get; }

    /// <summary>Whether the message has a status.</summary>
    public bool HasStatus { get; }

    /// <summary>CLIENTID; empty where there is none.</summary>
    public byte[] ClientId { get; }

    /// <summary>SERVERID; empty where there is none.</summary>
    public byte[] ServerId { get; }

    /// <summary>The associations.</summary>
    public IReadOnlyList<ReplyAssociation> Associations { get; }

    /// <summary>Every option of the message.</summary>
    public IReadOnlyList<(OptionCode Code, byte[] Data)> Options { get; }

    /// <summary>The leases of all associations.</summary>
    public IEnumerable<ClientLease> Leases => Associations.SelectMany(static a => a.Leases);

    /// <summary>The data of an option; null where there is none.</summary>
    public byte[]? Option(OptionCode code) => Options.Where(o => o.Code == code).Select(static o => o.Data).FirstOrDefault();

    /// <summary>Takes an answer apart; null when it cannot be parsed.</summary>
    public static ServerReply? TryParse(ReadOnlySpan<byte> datagram)
    {
        var inner = datagram;
        var hops = new List<byte[]>();
        while (inner.Length > RelayMessage.HeaderSize && inner[0] == (byte)MessageType.RelayReply)
        {
            hops.Add(inner.ToArray());
            if (OptionValidator.Validate(inner[RelayMessage.HeaderSize..], 0).IsDefect
                || !new RelayMessage(inner).Options.TryGet(OptionCode.RelayMessage, out inner))
                return null;
        }

        return Dhcp6Message.TryRead(inner, 0, out var message, out _) ? new ServerReply(datagram.ToArray(), new RelayedReply(hops), message) : null;
    }

    private static List<ClientLease> LeasesOf(IaOption ia)
    {
        var leases = new List<ClientLease>();
        foreach (var option in ia.Options)
        {
            if (IaAddressOption.TryRead(option, out var address))
                leases.Add(new(ia.Code, ia.Iaid, new(address.Address, 128), address.Preferred, address.Valid));
            else if (IaPrefixOption.TryRead(option, out var prefix))
                leases.Add(new(ia.Code, ia.Iaid, prefix.Prefix, prefix.Preferred, prefix.Valid));
        }

        return leases;
    }
}

/// <summary>The RELAY-REPLs around an answer, the outermost first.</summary>
/// <param name="Hops">Each as octets.</param>
public sealed record RelayedReply(IReadOnlyList<byte[]> Hops);

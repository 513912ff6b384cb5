using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Dhcp6;

/// <summary>A lease as a client sees it.</summary>
/// <param name="Association"><see cref="OptionCode.IaNa"/>, <see cref="OptionCode.IaTa"/> or <see cref="OptionCode.IaPd"/>.</param>
/// <param name="Iaid">The association's number.</param>
/// <param name="Prefix">The address (length 128) or prefix.</param>
/// <param name="Preferred">Seconds.</param>
/// <param name="Valid">Seconds.</param>
public sealed record ClientLease(OptionCode Association, uint Iaid, Ipv6Prefix Prefix, uint Preferred = 0, uint Valid = 0);

/// <summary>What a client asks: turned into octets by <see cref="Write"/>.</summary>
public sealed record ClientRequest
{
    /// <summary>The message type.</summary>
    public required MessageType Type { get; init; }

    /// <summary>24 bits.</summary>
    public uint TransactionId { get; init; }

    /// <summary>The client's DUID; empty: no CLIENTID.</summary>
    public ReadOnlyMemory<byte> ClientId { get; init; }

    /// <summary>The server's DUID; empty: no SERVERID.</summary>
    public ReadOnlyMemory<byte> ServerId { get; init; }

    /// <summary>Associations asked for, also without leases.</summary>
    public IReadOnlyList<(OptionCode Kind, uint Iaid)> Associations { get; init; } = [];

    /// <summary>Leases (or hints) within the associations.</summary>
    public IReadOnlyList<ClientLease> Leases { get; init; } = [];

    /// <summary>Codes for the ORO.</summary>
    public IReadOnlyList<OptionCode> Requested { get; init; } = [];

    /// <summary>Whether RAPID_COMMIT goes in.</summary>
    public bool RapidCommit { get; init; }

    /// <summary>ELAPSED_TIME, hundredths of a second.</summary>
    public ushort Elapsed { get; init; }

    /// <summary>Further options as they are.</summary>
    public IReadOnlyList<(OptionCode Code, byte[] Data)> Options { get; init; } = [];

    /// <summary>Relays around the message, the one nearest to the client first.</summary>
    public IReadOnlyList<RelayHop> Relays { get; init; } = [];

    /// <summary>Writes the datagram.</summary>
    /// <returns>Its length; 0 when it does not fit.</returns>
    public int Write(Span<byte> buffer)
    {
        var writer = new Dhcp6Writer(buffer);
        Span<int> marks = stackalloc int[Relays.Count];
        for (var i = Relays.Count - 1; i >= 0; i--)
            marks[i] = Relays[i].Begin(ref writer, (byte)i);

        WriteMessage(ref writer);
        for (var i = 0; i < Relays.Count; i++)
            writer.EndOption(marks[i]);
        return writer.Overflowed ? 0 : writer.Length;
    }

    private void WriteMessage(ref Dhcp6Writer writer)
    {
        writer.MessageHeader(Type, TransactionId);
        if (!ClientId.IsEmpty)
            writer.Option(OptionCode.ClientId, ClientId.Span);
        if (!ServerId.IsEmpty)
            writer.Option(OptionCode.ServerId, ServerId.Span);
        writer.OptionU16(OptionCode.ElapsedTime, Elapsed);
        if (RapidCommit)
            writer.Option(OptionCode.RapidCommit, []);
        if (Requested.Count > 0)
        {
            var mark = writer.BeginOption(OptionCode.OptionRequest);
            foreach (var code in Requested)
                writer.U16((ushort)code);
            writer.EndOption(mark);
        }

        foreach (var (kind, iaid) in Associations)
            WriteAssociation(ref writer, kind, iaid);
        foreach (var (code, data) in Options)
            writer.Option(code, data);
    }

    private void WriteAssociation(ref Dhcp6Writer writer, OptionCode kind, uint iaid)
    {
        var mark = IaOption.Begin(ref writer, kind, iaid, t1: 0, t2: 0);
        foreach (var lease in Leases)
        {
            if (lease.Association != kind || lease.Iaid != iaid)
                continue;
            if (kind == OptionCode.IaPd)
                writer.EndOption(IaPrefixOption.Begin(ref writer, lease.Prefix, lease.Preferred, lease.Valid));
            else
                IaAddressOption.Write(ref writer, lease.Prefix.Address, lease.Preferred, lease.Valid);
        }

        writer.EndOption(mark);
    }
}

/// <summary>A relay's part of a datagram.</summary>
/// <param name="LinkAddress">Its address on the client's link.</param>
/// <param name="PeerAddress">From whom it had the message.</param>
/// <param name="Options">Its options beside RELAY_MSG.</param>
public sealed record RelayHop(Ipv6Address LinkAddress, Ipv6Address PeerAddress, IReadOnlyList<(OptionCode Code, byte[] Data)> Options)
{
    /// <summary>Begins its RELAY-FORW.</summary>
    /// <returns>For <see cref="Dhcp6Writer.EndOption"/>, when the message has been written.</returns>
    public int Begin(ref Dhcp6Writer writer, byte hopCount)
    {
        writer.RelayHeader(MessageType.RelayForward, hopCount, LinkAddress, PeerAddress);
        foreach (var (code, data) in Options)
            writer.Option(code, data);
        return writer.BeginOption(OptionCode.RelayMessage);
    }
}

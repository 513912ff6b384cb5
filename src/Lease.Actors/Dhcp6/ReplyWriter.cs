using System.Text;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Dhcp6;

/// <summary>Puts an answer into octets (RFC 8415 section 18.3): the client's message, and around it a RELAY-REPL for each relay that it came through.</summary>
internal static class ReplyWriter
{
    /// <summary>Writes the whole datagram.</summary>
    /// <returns>False when it does not fit into <paramref name="buffer"/>.</returns>
    public static bool TryWrite(Span<byte> buffer, ReadOnlySpan<byte> packet, in RelayChain chain, Dhcp6Settings settings, Subnet subnet, Answer answer, out int length)
    {
        var writer = new Dhcp6Writer(buffer);
        Span<int> marks = stackalloc int[RelayChain.MaxHops];
        RelayReply.Begin(ref writer, packet, chain, marks);
        WriteMessage(ref writer, Dhcp6Message.FromChecked(chain.Message(packet)), packet, chain, settings, subnet, answer);
        RelayReply.End(ref writer, chain, marks);
        length = writer.Length;
        return !writer.Overflowed;
    }

    private static void WriteMessage(
        ref Dhcp6Writer writer,
        Dhcp6Message request,
        ReadOnlySpan<byte> packet,
        in RelayChain chain,
        Dhcp6Settings settings,
        Subnet subnet,
        Answer answer)
    {
        writer.MessageHeader(answer.Type, request.TransactionId);
        if (request.Options.TryGet(OptionCode.ClientId, out var clientId))
            writer.Option(OptionCode.ClientId, clientId);
        writer.Option(OptionCode.ServerId, settings.ServerDuid);
        if (answer.RapidCommit)
            writer.Option(OptionCode.RapidCommit, []);
        if (answer.Status is { } status)
            StatusCodeOption.Write(ref writer, status, TextOf(status));
        var requested = OptionRequestOption.In(request.Options);
        foreach (var ia in answer.Ias)
            WriteIa(ref writer, ia, requested);
        if (answer.WithOptions)
            ConfiguredOptionWriter.Write(ref writer, request, requested, packet, chain, settings, subnet, answer);
    }

    private static void WriteIa(ref Dhcp6Writer writer, IaAnswer ia, OptionRequestOption requested)
    {
        var code = ia.Kind switch
        {
            IaKind.Temporary => OptionCode.IaTa,
            IaKind.PrefixDelegation => OptionCode.IaPd,
            _ => OptionCode.IaNa,
        };
        var (t1, t2) = TimersOf(ia);
        var mark = IaOption.Begin(ref writer, code, ia.Iaid, t1, t2);
        foreach (var lease in ia.Leases)
            WriteLease(ref writer, lease, ia.Kind, requested);
        if (ia.Status is { } status)
            StatusCodeOption.Write(ref writer, status, TextOf(status));
        writer.EndOption(mark);
    }

    private static void WriteLease(ref Dhcp6Writer writer, LeaseAnswer lease, IaKind kind, OptionRequestOption requested)
    {
        if (kind != IaKind.PrefixDelegation)
        {
            IaAddressOption.Write(ref writer, new Ipv6Address(lease.Key.Address), lease.Preferred, lease.Valid);
            return;
        }

        var prefix = lease.Key.ToPrefix();
        var mark = IaPrefixOption.Begin(ref writer, prefix, lease.Preferred, lease.Valid);

        // RFC 6603 section 5.1: only for a client that asks for it.
        if (lease.Excluded is { } excluded && requested.Contains(OptionCode.PdExclude))
            PdExcludeOption.Write(ref writer, excluded, prefix.Length);
        writer.EndOption(mark);
    }

    // RFC 8415 section 14.2: shares of the shortest preferred lifetime unless configured; 0 leaves it to the client.
    private static (uint T1, uint T2) TimersOf(IaAnswer ia)
    {
        if (ia.Subnet is null || ia.Kind == IaKind.Temporary)
            return (0, 0);
        var shortest = BoundLease.Infinity;
        foreach (var lease in ia.Leases)
        {
            if (lease.Valid > 0)
                shortest = Math.Min(shortest, lease.Preferred);
        }

        var timers = ia.Subnet.Timers;
        var t2 = timers.T2 ?? Share(shortest, timers.T2Share, timers.Calculate);
        var t1 = timers.T1 ?? Share(shortest, timers.T1Share, timers.Calculate);
        return t1 > t2 && t2 > 0 ? (0, t2) : (t1, t2);
    }

    private static uint Share(uint lifetime, double share, bool calculate)
        => !calculate ? 0 : lifetime == BoundLease.Infinity ? BoundLease.Infinity : (uint)(lifetime * share);

    private static ReadOnlySpan<byte> TextOf(StatusCode status) => status switch
    {
        StatusCode.Success => "done"u8,
        StatusCode.NoAddrsAvail => "no address is free on this link"u8,
        StatusCode.NoPrefixAvail => "no prefix is free on this link"u8,
        StatusCode.NoBinding => "the server has no binding for this association"u8,
        StatusCode.NotOnLink => "an address is not on this link"u8,
        StatusCode.UseMulticast => "send to the multicast address"u8,
        _ => Encoding.UTF8.GetBytes(status.ToString()),
    };
}

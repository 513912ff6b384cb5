using System.Threading.Channels;
using Lease.Peers.Dhcp6;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Client;

/// <summary>
/// A DHCPv6 client (RFC 8415 section 18.2): SOLICIT to REPLY, RENEW at T1, REBIND at T2, RELEASE at the end. It configures nothing: it tells what there is to configure.
/// </summary>
/// <param name="options">What it asks for.</param>
/// <param name="transport">Its socket.</param>
/// <param name="answers">ADVERTISEs and REPLYs.</param>
/// <param name="tell">Takes the events; called in their order.</param>
/// <param name="time">The clock.</param>
/// <param name="random">For transaction-ids and timeouts.</param>
public sealed class Dhcp6Client(ClientOptions options, IClientTransport transport, ChannelReader<ServerReply> answers, Action<ClientEvent> tell, TimeProvider time, Random random)
{
    private static readonly TimeSpan DefaultSolMaxRt = TimeSpan.FromSeconds(3600);

    private TimeSpan solMaxRt = DefaultSolMaxRt;
    private byte[] serverId = [];

    /// <summary>The last REPLY with leases; null when there is none.</summary>
    public ServerReply? Bound { get; private set; }

    /// <summary>Called when <see cref="Bound"/> has changed.</summary>
    public Action? Changed { get; set; }

    /// <summary>Runs until it is cancelled; leases are kept, see <see cref="ReleaseAsync"/>.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var pace = Task.Delay(Retransmission.LeastRestart, time, cancellation);
                if (await AcquireAsync(cancellation) is { } reply)
                    await KeepAsync(reply, cancellation);
                await pace;
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    /// <summary>RELEASE of what there is (section 18.2.7).</summary>
    public async Task ReleaseAsync(CancellationToken cancellation)
    {
        if (Bound is not { } bound)
            return;
        Bound = null;
        tell(new ClientEvent("RELEASE6", Dhcp6Facts.Of(bound)));
        Changed?.Invoke();
        var request = Message(MessageType.Release) with { ServerId = serverId, Leases = [.. bound.Leases.Where(static l => l.Valid > 0)] };
        await ExchangeAsync(request, Retransmission.Release, deadline: null, cancellation);
    }

    // Sections 18.2.1 and 18.2.2.
    private async Task<ServerReply?> AcquireAsync(CancellationToken cancellation)
    {
        var chosen = await SolicitAsync(cancellation);
        serverId = chosen.ServerId;
        var reply = chosen.Type == MessageType.Reply ? chosen : await RequestAsync([.. chosen.Leases], deadline: null, cancellation);
        if (reply is null || !reply.Leases.Any(static l => l.Valid > 0))
            return null;
        Take(reply, "BOUND6");
        return reply;
    }

    private async Task<ServerReply?> RequestAsync(IReadOnlyList<ClientLease> leases, DateTimeOffset? deadline, CancellationToken cancellation)
        => await ExchangeAsync(Message(MessageType.Request) with { ServerId = serverId, Leases = leases }, Retransmission.Request, deadline, cancellation);

    private async Task<ServerReply> SolicitAsync(CancellationToken cancellation)
    {
        var request = Message(MessageType.Solicit) with { RapidCommit = options.RapidCommit };
        var began = time.GetTimestamp();
        ServerReply? best = null;
        var timeout = Retransmission.Solicit(solMaxRt).First(random, onlyLater: true);
        for (var attempt = 0; ; attempt++)
        {
            await SendAsync(request, began);
            using var expired = new CancellationTokenSource(timeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(expired.Token, cancellation);
            while (await TryReadAsync(request.TransactionId, either.Token) is { } answer)
            {
                NoteSolMaxRt(answer);
                if (answer.Type == MessageType.Reply && options.RapidCommit && answer.Option(OptionCode.RapidCommit) is not null)
                    return answer;
                if (answer.Type != MessageType.Advertise || !answer.Leases.Any())
                    continue;
                if (best is null || PreferenceOf(answer) > PreferenceOf(best))
                    best = answer;

                // A full preference ends the waiting; after the first timeout so does the first answer.
                if (PreferenceOf(best) == byte.MaxValue || attempt > 0)
                    return best;
            }

            cancellation.ThrowIfCancellationRequested();
            if (best is not null)
                return best;
            timeout = Retransmission.Solicit(solMaxRt).Next(timeout, random);
        }
    }

    // Sections 18.2.4 and 18.2.5.
    private async Task KeepAsync(ServerReply reply, CancellationToken cancellation)
    {
        while (true)
        {
            var times = BindingTimes.Of(reply, time.GetUtcNow());
            await WaitUntilAsync(times.T1, cancellation);
            var renewed = await ExtendAsync(MessageType.Renew, times.T2, cancellation);
            var reason = "RENEW6";
            if (renewed is null)
            {
                renewed = await ExtendAsync(MessageType.Rebind, times.End, cancellation);
                reason = "REBIND6";
            }

            if (renewed is null || !renewed.Leases.Any(static l => l.Valid > 0))
            {
                tell(new ClientEvent("EXPIRE6", Dhcp6Facts.Of(reply)));
                Bound = null;
                Changed?.Invoke();
                return;
            }

            reply = renewed;
            Take(reply, reason);
        }
    }

    private async Task<ServerReply?> ExtendAsync(MessageType type, DateTimeOffset deadline, CancellationToken cancellation)
    {
        var leases = Bound!.Leases.Where(static l => l.Valid > 0).ToList();
        var request = Message(type) with { ServerId = type == MessageType.Renew ? serverId : default, Leases = leases };
        var reply = await ExchangeAsync(request, Retransmission.Renew, deadline, cancellation);
        if (reply is null || !reply.Associations.Any(static a => a.Status == StatusCode.NoBinding))
            return reply;

        // Section 18.2.10.1: what the server does not know is asked of it anew.
        serverId = reply.ServerId;
        return await RequestAsync(leases, deadline, cancellation);
    }

    private void Take(ServerReply reply, string reason)
    {
        serverId = reply.ServerId;
        Bound = reply;
        NoteSolMaxRt(reply);
        tell(new ClientEvent(reason, Dhcp6Facts.Of(reply)));
        Changed?.Invoke();
    }

    private async Task<ServerReply?> ExchangeAsync(ClientRequest request, Retransmission parameters, DateTimeOffset? deadline, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var timeout = parameters.First(random);
        for (var attempt = 1; parameters.MaxCount == 0 || attempt <= parameters.MaxCount; attempt++)
        {
            var left = deadline is { } end ? end - time.GetUtcNow() : TimeSpan.MaxValue;
            if (left <= TimeSpan.Zero)
                return null;
            await SendAsync(request, began);
            using var expired = new CancellationTokenSource(timeout < left ? timeout : left, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(expired.Token, cancellation);
            while (await TryReadAsync(request.TransactionId, either.Token) is { } answer)
            {
                if (answer.Type == MessageType.Reply && answer.Status != StatusCode.UseMulticast)
                    return answer;
            }

            cancellation.ThrowIfCancellationRequested();
            timeout = parameters.Next(timeout, random);
        }

        return null;
    }

    private async Task SendAsync(ClientRequest request, long began)
    {
        var elapsed = Math.Min(ushort.MaxValue, time.GetElapsedTime(began).TotalMilliseconds / 10);
        var buffer = new byte[1500];
        var length = (request with { Elapsed = (ushort)elapsed }).Write(buffer);
        await transport.SendAsync(buffer.AsMemory(0, length), server: null);
    }

    // Null when the token was cancelled.
    private async Task<ServerReply?> TryReadAsync(uint transactionId, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                var answer = await answers.ReadAsync(cancellation);
                if (answer.TransactionId == transactionId && answer.ServerId.Length > 0 && answer.ClientId.AsSpan().SequenceEqual(options.Duid))
                    return answer;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            return null;
        }
    }

    private async Task WaitUntilAsync(DateTimeOffset when, CancellationToken cancellation)
    {
        // Timers take no more than some weeks at once.
        for (var left = when - time.GetUtcNow(); left > TimeSpan.Zero; left = when - time.GetUtcNow())
            await Task.Delay(left < TimeSpan.FromDays(20) ? left : TimeSpan.FromDays(20), time, cancellation);
    }

    private void NoteSolMaxRt(ServerReply answer)
    {
        // Section 21.24: from 60 to 86400 seconds.
        if (answer.Option(OptionCode.SolMaxRt) is { Length: 4 } data && System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(data) is >= 60 and <= 86_400 and var seconds)
            solMaxRt = TimeSpan.FromSeconds(seconds);
    }

    private ClientRequest Message(MessageType type)
    {
        var associations = new List<(OptionCode, uint)>(2);
        if (options.Address)
            associations.Add((OptionCode.IaNa, options.Iaid));
        if (options.Prefix)
            associations.Add((OptionCode.IaPd, options.Iaid));
        List<OptionCode> requested = [OptionCode.SolMaxRt, OptionCode.DnsServers, OptionCode.DomainList];
        if (options.Dhcp4o6)
            requested.AddRange([OptionCode.Dhcp4ODhcp6Server, OptionCode.S46Br, OptionCode.S46BindIpv6Prefix]);
        return new ClientRequest
        {
            Type = type,
            TransactionId = (uint)random.Next(1 << 24),
            ClientId = options.Duid,
            Associations = associations,
            Requested = type == MessageType.Release ? [] : requested,
        };
    }

    private static byte PreferenceOf(ServerReply advertise) => advertise.Option(OptionCode.Preference) is { Length: 1 } data ? data[0] : (byte)0;
}

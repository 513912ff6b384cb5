using System.Threading.Channels;
using Lease.Peers.Dhcp4;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Client;

/// <summary>
/// A DHCPv4 client over DHCPv6 (RFC 7341 section 7): RFC 2131's states and retransmission, an identifier of RFC 4361, port sets (RFC 7618) and the tunnel source address (RFC 8539).
/// </summary>
/// <param name="options">What it asks for.</param>
/// <param name="transport">Its socket.</param>
/// <param name="answers">The DHCPv4 messages in DHCPV4-RESPONSEs.</param>
/// <param name="tell">Takes the events.</param>
/// <param name="time">The clock.</param>
/// <param name="random">For transaction-ids and timeouts.</param>
public sealed class Dhcp4Client(ClientOptions options, IClientTransport transport, ChannelReader<Dhcp4Reply> answers, Action<ClientEvent> tell, TimeProvider time, Random random)
{
    // RFC 2131 section 4.1: 4, 8, 16, 32, 64 seconds, a second more or less.
    private static readonly TimeSpan FirstTimeout = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LastTimeout = TimeSpan.FromSeconds(64);

    // Section 4.4.5.
    private static readonly TimeSpan LeastRetry = TimeSpan.FromSeconds(60);
    private const int RequestAttempts = 4;

    private readonly byte[] clientId = ClientIdentifier.Make(options.Iaid, options.Duid);

    // What the server was told last, whether or not it returns it.
    private Ipv6Address? toldSource;

    /// <summary>Where DHCPV4-QUERYs go (option 88): these servers, or multicast when there are none.</summary>
    public IReadOnlyList<Ipv6Address> Servers { get; set; } = [];

    /// <summary>The tunnel source address to give; null: none.</summary>
    public Ipv6Address? TunnelSource { get; set; }

    /// <summary>The last ACK; null when there is no lease.</summary>
    public Dhcp4Reply? Bound { get; private set; }

    private Ipv6Address? GivenSource => options.WithTunnel ? TunnelSource : null;

    private Ipv4Address? ServerId => Bound!.Message.Options.TryGetAddress(Dhcp4OptionCode.ServerId, out var id) ? id : null;

    /// <summary>Runs until it is cancelled; the lease is kept, see <see cref="ReleaseAsync"/>.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var pace = Task.Delay(Retransmission.LeastRestart, time, cancellation);
                if (await AcquireAsync(cancellation))
                    await KeepAsync(cancellation);
                await pace;
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    /// <summary>DHCPRELEASE: it is not answered.</summary>
    public async Task ReleaseAsync()
    {
        if (Bound is not { } bound)
            return;
        tell(new ClientEvent("RELEASE4", Dhcp4Facts.Of(bound)));
        await SendAsync(Message(Dhcp4MessageType.Release) with { ClientAddress = bound.Message.YourAddress, ServerId = ServerId, IsUnicast = true });
        Bound = null;
    }

    /// <summary>Forgets the lease because 4o6 was switched off (RFC 7341 section 6.1).</summary>
    public void Stop()
    {
        if (Bound is { } bound)
            tell(new ClientEvent("STOP4", Dhcp4Facts.Of(bound)));
        Bound = null;
    }

    // INIT, SELECTING and REQUESTING.
    private async Task<bool> AcquireAsync(CancellationToken cancellation)
    {
        var discover = Message(Dhcp4MessageType.Discover);
        var offer = await ExchangeAsync(discover, static r => r.Type == Dhcp4MessageType.Offer, attempts: int.MaxValue, cancellation);
        if (offer is null)
            return false;
        var server = offer.Message.Options.TryGetAddress(Dhcp4OptionCode.ServerId, out var id) ? id : (Ipv4Address?)null;
        var request = Message(Dhcp4MessageType.Request) with
        {
            TransactionId = discover.TransactionId,
            Requested = offer.Message.YourAddress,
            ServerId = server,
            Ports = offer.Ports,
        };
        var answer = await ExchangeAsync(request, IsDecision, RequestAttempts, cancellation);
        if (answer is null || !Grants(answer))
            return false;
        Take(answer, "BOUND4");
        return true;
    }

    // BOUND, RENEWING, REBINDING (section 4.4.5).
    private async Task KeepAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var bound = Bound!;
            var (t1, t2, end) = TimesOf(bound, time.GetUtcNow());
            await WaitUntilAsync(t1, cancellation);
            var answer = await ExtendAsync(bound, t2, isRebinding: false, cancellation);
            var reason = "RENEW4";
            if (answer is null)
            {
                answer = await ExtendAsync(bound, end, isRebinding: true, cancellation);
                reason = "REBIND4";
            }

            if (answer is null || !Grants(answer))
            {
                tell(new ClientEvent("EXPIRE4", Dhcp4Facts.Of(bound)));
                Bound = null;
                return;
            }

            Take(answer, reason);
        }
    }

    private async Task<Dhcp4Reply?> ExtendAsync(Dhcp4Reply bound, DateTimeOffset until, bool isRebinding, CancellationToken cancellation)
    {
        var request = Message(Dhcp4MessageType.Request) with { ClientAddress = bound.Message.YourAddress, IsUnicast = !isRebinding };
        while (until - time.GetUtcNow() is var left && left > TimeSpan.Zero)
        {
            // Half of the time that is left, at least a minute.
            var wait = left / 2 > LeastRetry ? left / 2 : left < LeastRetry ? left : LeastRetry;
            await SendAsync(request);
            if (await ReadAsync(request.TransactionId, IsDecision, wait, cancellation) is { } answer)
                return answer;
        }

        return null;
    }

    // Section 4.4.5: half and seven eighths of the lease, unless the server says other times that fit in it.
    // No lease is renewed within a minute, or before its middle where that is earlier.
    private static (DateTimeOffset T1, DateTimeOffset T2, DateTimeOffset End) TimesOf(Dhcp4Reply ack, DateTimeOffset now)
    {
        if (!ack.Message.Options.TryGetNumber(Dhcp4OptionCode.LeaseTime, out var seconds) || seconds == DhcpTime.Infinity)
            return (DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue);
        var lease = TimeSpan.FromSeconds(seconds);
        var t2 = TimeOf(Dhcp4OptionCode.RebindingTime, below: lease) ?? lease * 0.875;
        var t1 = TimeOf(Dhcp4OptionCode.RenewalTime, below: t2) ?? lease / 2;
        var least = Max(FirstTimeout, Min(LeastRetry, lease / 2));
        return (now + Min(Max(t1, least), lease), now + Min(Max(t2, least), lease), now + lease);

        TimeSpan? TimeOf(Dhcp4OptionCode code, TimeSpan below)
            => ack.Message.Options.TryGetNumber(code, out var told) && told > 0 && told < below.TotalSeconds
                ? TimeSpan.FromSeconds(told)
                : null;
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    // Until the time has come, or the tunnel source address has changed: the server must know (RFC 8539 section 7.3).
    private async Task WaitUntilAsync(DateTimeOffset when, CancellationToken cancellation)
    {
        while (when - time.GetUtcNow() is var left && left > TimeSpan.Zero && (GivenSource is null || GivenSource == toldSource))
            await Task.Delay(Min(left, TimeSpan.FromSeconds(1)), time, cancellation);
    }

    private void Take(Dhcp4Reply ack, string reason)
    {
        Bound = ack;
        tell(new ClientEvent(reason, Dhcp4Facts.Of(ack)));
    }

    private async Task<Dhcp4Reply?> ExchangeAsync(Dhcp4Request request, Func<Dhcp4Reply, bool> accept, int attempts, CancellationToken cancellation)
    {
        var timeout = FirstTimeout;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            await SendAsync(request);
            if (await ReadAsync(request.TransactionId, accept, timeout + TimeSpan.FromSeconds((random.NextDouble() * 2) - 1), cancellation) is { } answer)
                return answer;
            timeout = timeout < LastTimeout ? timeout * 2 : LastTimeout;
        }

        return null;
    }

    // RFC 7341 section 7.1: to every address of option 88, or by multicast.
    private async Task SendAsync(Dhcp4Request request)
    {
        toldSource = request.TunnelSource;
        var buffer = new byte[2048];
        var datagram = buffer.AsMemory(0, request.Write(buffer));
        if (Servers.Count == 0)
            await transport.SendAsync(datagram, server: null);
        foreach (var server in Servers)
            await transport.SendAsync(datagram, server);
    }

    private async Task<Dhcp4Reply?> ReadAsync(uint transactionId, Func<Dhcp4Reply, bool> accept, TimeSpan patience, CancellationToken cancellation)
    {
        using var expired = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(expired.Token, cancellation);
        try
        {
            while (true)
            {
                var answer = await answers.ReadAsync(either.Token);
                if (answer.Message.TransactionId == transactionId && answer.Message.Operation == BootpOperation.Reply && accept(answer))
                    return answer;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }

    // A lease time of zero is none.
    private static bool Grants(Dhcp4Reply answer) => answer.Type == Dhcp4MessageType.Ack
        && (!answer.Message.Options.TryGetNumber(Dhcp4OptionCode.LeaseTime, out var seconds) || seconds > 0);

    private static bool IsDecision(Dhcp4Reply answer) => answer.Type is Dhcp4MessageType.Ack or Dhcp4MessageType.Nak;

    private Dhcp4Request Message(Dhcp4MessageType type)
    {
        List<Dhcp4OptionCode> parameters = [Dhcp4OptionCode.SubnetMask, Dhcp4OptionCode.Routers, Dhcp4OptionCode.DnsServers, Dhcp4OptionCode.DomainName];
        if (options.PortSets)
            parameters.Add(Dhcp4OptionCode.PortParameters);
        return new Dhcp4Request
        {
            Type = type,
            TransactionId = (uint)random.NextInt64(1L << 32),
            ClientId = clientId,
            TunnelSource = GivenSource,
            Parameters = type == Dhcp4MessageType.Release ? [] : parameters,
        };
    }
}

using System.Threading.Channels;
using Lease.Peers.Dhcp4;
using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Client;

/// <summary>
/// A host's client: DHCPv6, and DHCPv4 over DHCPv6 as option 88 says (RFC 7341 sections 6 and 7.2): absent, it is off; without addresses, by multicast; else to all of the addresses.
/// </summary>
public sealed class HostClient
{
    private readonly Channel<ServerReply> answers6 = Channel.CreateUnbounded<ServerReply>();
    private readonly Channel<Dhcp4Reply> answers4 = Channel.CreateUnbounded<Dhcp4Reply>();
    private readonly ClientOptions options;
    private readonly IClientTransport transport;
    private readonly Dhcp6Client dhcp6;
    private readonly Dhcp4Client dhcp4;
    private CancellationTokenSource? stop4;
    private Task running4 = Task.CompletedTask;

    /// <summary>Makes the client.</summary>
    /// <param name="options">What it asks for.</param>
    /// <param name="transport">Its socket.</param>
    /// <param name="tell">Takes the events; called in their order.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For transaction-ids and timeouts.</param>
    public HostClient(ClientOptions options, IClientTransport transport, Action<ClientEvent> tell, TimeProvider time, Random random)
    {
        this.options = options;
        this.transport = transport;
        dhcp6 = new Dhcp6Client(options, transport, answers6.Reader, tell, time, random) { Changed = OnDhcp6Changed };
        dhcp4 = new Dhcp4Client(options, transport, answers4.Reader, tell, time, random);
    }

    /// <summary>Datagrams that were no answers, or malformed.</summary>
    public long Stray { get; private set; }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var read = ReadAsync(reading.Token);
        await dhcp6.RunAsync(cancellation);
        await StopDhcp4Async();
        await reading.CancelAsync();
        await read;
    }

    /// <summary>Gives the leases back: the IPv4 lease first, while there are addresses to send from.</summary>
    public async Task ReleaseAsync(CancellationToken cancellation)
    {
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var read = ReadAsync(reading.Token);
        await dhcp4.ReleaseAsync();
        await dhcp6.ReleaseAsync(cancellation);
        await reading.CancelAsync();
        await read;
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var datagram in transport.Received.ReadAllAsync(cancellation))
                Take(datagram);
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    // RFC 7341 section 7.1: exactly one DHCPV4_MSG; without it, or when it cannot be read, the response is discarded.
    private void Take(byte[] datagram)
    {
        if (Dhcp6Message.TryRead(datagram, 0, out var message, out _))
        {
            if (message.Type is MessageType.Advertise or MessageType.Reply && ServerReply.TryParse(datagram) is { } reply)
            {
                answers6.Writer.TryWrite(reply);
                return;
            }

            if (message.Type == MessageType.Dhcpv4Response && message.Options.Count(OptionCode.Dhcpv4Message) == 1
                && message.Options.TryGet(OptionCode.Dhcpv4Message, out var octets) && Dhcp4Message.TryRead(octets, 0, out _, out _))
            {
                answers4.Writer.TryWrite(new Dhcp4Reply(octets.ToArray()));
                return;
            }
        }

        Stray++;
    }

    private void OnDhcp6Changed()
    {
        if (!options.Dhcp4o6)
            return;
        if (dhcp6.Bound?.Option(OptionCode.Dhcp4ODhcp6Server) is not { } servers)
        {
            if (stop4 is not null)
                _ = StopDhcp4Async().ContinueWith(_ => dhcp4.Stop(), TaskScheduler.Default);
            return;
        }

        dhcp4.Servers = [.. Enumerable.Range(0, servers.Length / Ipv6Address.Size).Select(i => Ipv6Address.Read(servers.AsSpan(i * Ipv6Address.Size)))];
        dhcp4.TunnelSource = options.TunnelSource ?? SourceOf(dhcp6.Bound);
        if (stop4 is not null)
            return;
        stop4 = new CancellationTokenSource();
        running4 = dhcp4.RunAsync(stop4.Token);
    }

    // RFC 8539 section 7.1: an address of the host within the prefix that the server gave, where it gave one.
    private static Ipv6Address? SourceOf(ServerReply reply)
    {
        var leased = reply.Leases.FirstOrDefault(static l => l is { Association: OptionCode.IaNa, Valid: > 0 })?.Prefix.Address;
        if (Dhcp6Facts.BindPrefixOf(reply) is not { } prefix || (leased is { } own && prefix.Contains(own)))
            return leased;
        return prefix.Length == 128 ? prefix.First : new Ipv6Address(prefix.First.Value + 1);
    }

    private async Task StopDhcp4Async()
    {
        if (stop4 is null)
            return;
        await stop4.CancelAsync();
        await running4;
        stop4.Dispose();
        stop4 = null;
    }
}

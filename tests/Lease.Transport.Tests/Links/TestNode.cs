using System.Net;
using System.Text;
using System.Threading.Channels;
using Lease.Kernel.IO;
using Lease.Kernel.Sharding;
using Lease.Testing;
using Lease.Transport.Links;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Tests.Links;

/// <summary>A node with links, that keeps what comes in and the log.</summary>
internal sealed class TestNode : INodeLinkHandler, ILogger, IDisposable
{
    public static readonly Guid Cluster = new("fd315332-e0dd-4fab-8c44-09d350c65002");

    public static readonly UdpEndpoint Client = new(new UInt128(0x20010db800000000, 7), 546, 3);

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Channel<ReceivedPacket> packets = Channel.CreateUnbounded<ReceivedPacket>();
    private readonly Channel<ReceivedReply> replies = Channel.CreateUnbounded<ReceivedReply>();
    private readonly Channel<string> log = Channel.CreateUnbounded<string>();

    public TestNode(TlsCertificates certificates, string id, TimeProvider? time = null, int port = 0, Guid? cluster = null)
    {
        Links = NodeLinks.Start(new IPEndPoint(IPAddress.IPv6Loopback, port), new LinkIdentity(cluster ?? Cluster, id), certificates, this, time ?? TimeProvider.System, this);
        Address = new NodeAddress(id, $"[::1]:{Links.Port}");
    }

    public NodeLinks Links { get; }

    public NodeLinkCounters Counters => Links.Counters;

    public NodeAddress Address { get; }

    /// <summary>Whether packets are counted only.</summary>
    public bool IsDeaf { get; init; }

    public bool Send(NodeAddress address, params byte[] data) => Links.TrySend(address, Packet(data));

    /// <summary>Sends until a link takes it.</summary>
    public Task SendAsync(NodeAddress address, params byte[] data) => Eventually.TrueAsync(() => Send(address, data), $"a link to {address}");

    public async Task<ReceivedPacket> NextPacketAsync() => await packets.Reader.ReadAsync().AsTask().WaitAsync(Deadline);

    public async Task<ReceivedReply> NextReplyAsync() => await replies.Reader.ReadAsync().AsTask().WaitAsync(Deadline);

    /// <summary>The next line of the log that has all these words in it; those before it are gone.</summary>
    public async Task<string> LoggedAsync(params string[] words)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var seen = new StringBuilder();
        try
        {
            await foreach (var line in log.Reader.ReadAllAsync(deadline.Token))
            {
                if (words.All(word => line.Contains(word, StringComparison.Ordinal)))
                    return line;
                seen.AppendLine(line);
            }
        }
        catch (OperationCanceledException)
        {
            // Said below.
        }

        throw new TimeoutException($"not logged: {string.Join(", ", words)}, but{Environment.NewLine}{seen}");
    }

    public static ForwardedPacket Packet(params byte[] data) => new(ForwardedService.Dhcp6, channel: 2, isMulticast: true, Client, "eth0", data);

    public void Dispose() => Links.Dispose();

    void INodeLinkHandler.OnPacket(in ForwardedPacket packet, INodeLink from)
    {
        if (!IsDeaf)
            packets.Writer.TryWrite(new ReceivedPacket(packet.Service, packet.Channel, packet.IsMulticast, packet.Source, packet.InterfaceName, packet.Data.ToArray(), from));
    }

    void INodeLinkHandler.OnReply(in ForwardedReply reply) => replies.Writer.TryWrite(new ReceivedReply(reply.Channel, reply.Destination, reply.Data.ToArray()));

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => log.Writer.TryWrite($"{logLevel} {formatter(state, exception)}");

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;
}

internal sealed record ReceivedPacket(ForwardedService Service, ushort Channel, bool IsMulticast, UdpEndpoint Source, string InterfaceName, byte[] Data, INodeLink From);

internal sealed record ReceivedReply(ushort Channel, UdpEndpoint Destination, byte[] Data);

using System.Threading.Channels;
using Lease.Kernel.TestKit;
using Lease.Peers.Client;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Tests.Client;

/// <summary>A datagram that the client sent.</summary>
internal sealed record Sent(byte[] Octets, Ipv6Address? Server, DateTimeOffset At)
{
    public MessageType Type => (MessageType)Octets[0];

    public Dhcp6Message Message => Dhcp6Message.FromChecked(Octets);

    /// <summary>The DHCPv4 message of a DHCPV4-QUERY, which must be the only one.</summary>
    public Dhcp4Message Dhcp4
    {
        get
        {
            Message.Options.Count(OptionCode.Dhcpv4Message).ShouldBe(1);
            Message.Options.TryGet(OptionCode.Dhcpv4Message, out var octets).ShouldBeTrue();
            Dhcp4Message.TryRead(octets, 0, out var message, out var defect).ShouldBeTrue(defect.ToString());
            return message;
        }
    }
}

/// <summary>A client whose network and clock are the test's.</summary>
internal sealed class ClientKit : IClientTransport, IAsyncDisposable
{
    public static readonly byte[] Duid1 = Duid.MakeLinkLayer(1, [2, 0, 0, 0, 0, 1]);
    public static readonly byte[] Server1 = Duid.MakeLinkLayer(1, [8, 0, 0, 0, 0, 1]);

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Channel<byte[]> toClient = Channel.CreateUnbounded<byte[]>();
    private readonly Channel<Sent> fromClient = Channel.CreateUnbounded<Sent>();
    private readonly Channel<ClientEvent> events = Channel.CreateUnbounded<ClientEvent>();
    private readonly CancellationTokenSource stop = new();
    private readonly Func<Sent, byte[]?>? server;
    private readonly Task running;

    /// <summary>Starts the client.</summary>
    /// <param name="options">What it asks for.</param>
    /// <param name="server">What is answered at once; null: the test answers.</param>
    public ClientKit(ClientOptions? options = null, Func<Sent, byte[]?>? server = null)
    {
        this.server = server;
        Client = new HostClient(options ?? new ClientOptions { Duid = Duid1 }, this, told => events.Writer.TryWrite(told), Time, new Random(1));
        running = Client.RunAsync(stop.Token);
    }

    public VirtualTime Time { get; } = new();

    public HostClient Client { get; }

    public ChannelReader<byte[]> Received => toClient.Reader;

    public Task SendAsync(ReadOnlyMemory<byte> datagram, Ipv6Address? server)
    {
        var octets = datagram.ToArray();
        Dhcp6Message.TryRead(octets, 0, out _, out var defect).ShouldBeTrue(defect.ToString());
        var sent = new Sent(octets, server, Time.GetUtcNow());
        fromClient.Writer.TryWrite(sent);
        if (this.server?.Invoke(sent) is { } answer)
            Deliver(answer);
        return Task.CompletedTask;
    }

    public void Deliver(byte[] datagram) => toClient.Writer.TryWrite(datagram);

    /// <summary>The next datagram, while time goes by.</summary>
    public Task<Sent> NextAsync(double step = 0.1) => WhileTimeGoesByAsync(fromClient.Reader, step);

    /// <summary>The next datagram of a type, while time goes by.</summary>
    public async Task<Sent> NextAsync(MessageType type, double step = 0.1)
    {
        while (true)
        {
            if (await NextAsync(step) is var sent && sent.Type == type)
                return sent;
        }
    }

    /// <summary>The next event, while time goes by.</summary>
    public Task<ClientEvent> EventAsync(double step = 0.1) => WhileTimeGoesByAsync(events.Reader, step);

    /// <summary>What is sent at once.</summary>
    public async Task<Sent> NowAsync() => await fromClient.Reader.ReadAsync().AsTask().WaitAsync(Deadline);

    /// <summary>Whether nothing is sent in so many seconds.</summary>
    public async Task<bool> IsSilentAsync(double seconds) => (await SentInAsync(seconds)).Count == 0;

    /// <summary>All that is sent in so many seconds.</summary>
    public async Task<List<Sent>> SentInAsync(double seconds)
    {
        for (var passed = 0.0; passed < seconds; passed += 1)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        var sent = new List<Sent>();
        while (fromClient.Reader.TryRead(out var datagram))
            sent.Add(datagram);
        return sent;
    }

    /// <summary>SOLICIT to REPLY.</summary>
    public async Task<Sent> BindAsync(Action<Reply>? change = null)
    {
        var solicit = await NextAsync(MessageType.Solicit);
        Deliver(Answer(solicit, MessageType.Advertise, reply => reply.Preference = 255));
        var request = await NextAsync(MessageType.Request);
        Deliver(Answer(request, MessageType.Reply, change));
        (await EventAsync()).Reason.ShouldBe("BOUND6");
        return request;
    }

    /// <summary>A server's answer with an address.</summary>
    public static byte[] Answer(Sent request, MessageType type, Action<Reply>? change = null)
    {
        var reply = new Reply();
        change?.Invoke(reply);
        var writer = new Dhcp6Writer(new byte[1000]);
        writer.MessageHeader(type, request.Message.TransactionId);
        writer.Option(OptionCode.ClientId, Duid1);
        writer.Option(OptionCode.ServerId, reply.ServerId);
        if (reply.Preference is { } preference)
            writer.OptionU8(OptionCode.Preference, preference);
        var mark = IaOption.Begin(ref writer, OptionCode.IaNa, 1, reply.T1, reply.T2);
        if (reply.Status is { } status)
            StatusCodeOption.Write(ref writer, status, default);
        else
            IaAddressOption.Write(ref writer, reply.Address, reply.Preferred ?? reply.Valid, reply.Valid);
        writer.EndOption(mark);
        if (reply.Servers is { } servers)
            writer.OptionAddresses(OptionCode.Dhcp4ODhcp6Server, servers);
        writer.Overflowed.ShouldBeFalse();
        return writer.Written.ToArray();
    }

    /// <summary>A DHCPV4-RESPONSE to a DHCPV4-QUERY.</summary>
    public static byte[] Response(
        Sent query, Dhcp4MessageType type, string address, uint? leaseTime = 1000, uint? t1 = null, uint? t2 = null, bool withSource = true)
    {
        Ipv4Address.TryParse(address, out var yours).ShouldBeTrue();
        var inner = new Dhcp4Writer(new byte[600]);
        inner.Header(new Dhcp4Header { Operation = BootpOperation.Reply, TransactionId = query.Dhcp4.TransactionId, YourAddress = type == Dhcp4MessageType.Nak ? default : yours });
        inner.MessageType(type);
        inner.OptionAddress(Dhcp4OptionCode.ServerId, new Ipv4Address(0xc0000008));
        if (type != Dhcp4MessageType.Nak && leaseTime is { } lease)
            inner.OptionU32(Dhcp4OptionCode.LeaseTime, lease);
        if (t1 is { } renewal)
            inner.OptionU32(Dhcp4OptionCode.RenewalTime, renewal);
        if (t2 is { } rebinding)
            inner.OptionU32(Dhcp4OptionCode.RebindingTime, rebinding);
        if (withSource && query.Dhcp4.Options.TryGet(Dhcp4OptionCode.S46SourceAddress, out var source))
            inner.Option(Dhcp4OptionCode.S46SourceAddress, source);
        inner.End();
        var writer = new Dhcp6Writer(new byte[1000]);
        writer.MessageHeader(MessageType.Dhcpv4Response, 0);
        writer.Option(OptionCode.Dhcpv4Message, inner.Written);
        return writer.Written.ToArray();
    }

    /// <summary>Ends the client, and gives its leases back.</summary>
    public async Task EndAsync()
    {
        await stop.CancelAsync();
        await running.WaitAsync(Deadline);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        stop.Dispose();
    }

    // Steps of virtual time, each followed by a moment in which the client's tasks may run.
    private async Task<T> WhileTimeGoesByAsync<T>(ChannelReader<T> reader, double step)
    {
        for (var end = DateTime.UtcNow + Deadline; DateTime.UtcNow < end;)
        {
            if (reader.TryRead(out var item))
                return item;
            await Task.Delay(2);
            if (reader.TryRead(out item))
                return item;
            Time.Advance(TimeSpan.FromSeconds(step));
        }

        throw new TestKitException("nothing came");
    }
}

/// <summary>What a server says.</summary>
internal sealed class Reply
{
    public byte[] ServerId { get; set; } = ClientKit.Server1;

    public byte? Preference { get; set; }

    public uint T1 { get; set; } = 100;

    public uint T2 { get; set; } = 160;

    public uint Valid { get; set; } = 200;

    /// <summary>The preferred lifetime; null: as the valid one.</summary>
    public uint? Preferred { get; set; }

    public StatusCode? Status { get; set; }

    public Ipv6Address Address { get; set; } = new(((UInt128)0x2001_0db8_0001_0000 << 64) + 0x77);

    /// <summary>Option 88; null: none.</summary>
    public Ipv6Address[]? Servers { get; set; }
}

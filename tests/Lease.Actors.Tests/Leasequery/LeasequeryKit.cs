using System.Buffers.Binary;
using System.Net;
using Akka.Actor;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;
using Lease.Actors.Leasequery;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;
using Lease.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Actors.Tests.Leasequery;

/// <summary>The leasequery service on the TestKit's system: everything runs on the test's thread, time is virtual, connections and sockets are the test's.</summary>
internal sealed class LeasequeryKit : ScenarioKit
{
    public static readonly byte[] ServerDuid = Duid.MakeLinkLayer(1, [8, 0, 0, 0, 0, 1]);
    public static readonly byte[] Requestor = Duid.MakeLinkLayer(1, [6, 0, 0, 0, 0, 1]);

    public LeasequeryKit(LeasequeryConfiguration? configuration = null)
    {
        Tables = new MemoryTables(Time);
        var subnet = new Subnet
        {
            Id = 1,
            Prefix = new Ipv6Prefix(new Ipv6Address((UInt128)0x2001_0db8_0001_0000 << 64), 64),
            Selectors = new SubnetSelectors(),
            Pools = [],
            PrefixPools = [],
            Lifetimes = new Lifetimes(3000, 3000, 3000, 4000, 4000, 4000),
            Timers = new RenewalTimers(T1: null, T2: null),
            Options = OptionSet.Empty,
            Reservations = ReservationTable.Empty,
        };
        var dhcp6 = new Dhcp6Configuration
        {
            Interfaces = [],
            Links = [new Link { Name = "subnet-1", Subnets = [subnet] }],
            Options = OptionSet.Empty,
            Reservations = ReservationTable.Empty,
            ClientPort = 0,
        };
        var dhcp4 = new Dhcp4Configuration
        {
            Links = [new Link { Name = "subnet-1", Subnets = [Dhcp4.EngineScenarios.Subnet()] }],
            Options = OptionSet.Empty,
            Reservations = ReservationTable.Empty,
        };
        var settings = new LeasequerySettings(configuration ?? new LeasequeryConfiguration(), new Dhcp6Settings(dhcp6, ServerDuid), dhcp4);
        Service = new LeasequeryService(Sys, Time, settings, Tables, Tables, [1, 2, 3], new CommittedEvents(Sys.EventStream.Publish), NullLogger.Instance);
    }

    public MemoryTables Tables { get; }

    public LeasequeryService Service { get; }

    /// <summary>A committed change, published.</summary>
    public void Commit(int client, LeasePhase phase = LeasePhase.Active, bool hasGap = false)
        => Sys.EventStream.Publish(new JournalCommitted([Tables.Change(client, phase)], hasGap));

    /// <summary>The same of any binding.</summary>
    public void Commit(EntityKey key, Binding binding, params LeaseChange[] changes)
        => Sys.EventStream.Publish(new JournalCommitted([Tables.Change(key, binding, changes)]));

    /// <summary>A change as a node of a cluster reads it from the tables: what ended with it is not said.</summary>
    public void CommitElsewhere(int client, LeasePhase phase)
    {
        var since = Time.GetUtcNow().ToUnixTimeMilliseconds();
        Sys.EventStream.Publish(new JournalCommitted([Tables.Change(client, phase)], HasGap: false, EndedSince: since));
    }

    public ScriptedConnection Connect()
    {
        var connection = new ScriptedConnection();
        connection.Session = Service.Accept(connection);
        return connection;
    }

    /// <summary>Sends a datagram to the service; the reply, or null.</summary>
    public byte[]? Ask(byte[] message)
    {
        var channel = new RecordingChannel();
        RelayChain.TryUnwrap(message, out var chain, out _).ShouldBeTrue();
        Dhcp6Message.TryRead(message, 0, out var query, out _).ShouldBeTrue();
        Service.Handle(new Datagram(message, new UdpEndpoint(1, 1000, 0), multicast: false, channel, 0), chain, query);
        return channel.Sent.SingleOrDefault();
    }

    /// <summary>A LEASEQUERY by link for every link.</summary>
    public static byte[] Query(uint xid = 7, MessageType type = MessageType.LeaseQuery, Action<List<(OptionCode Code, byte[] Data)>>? change = null)
    {
        var options = new List<(OptionCode Code, byte[] Data)> { (OptionCode.ClientId, Requestor) };
        if (type == MessageType.LeaseQuery)
            options.Add((OptionCode.LqQuery, [(byte)QueryType.ByLinkAddress, .. new byte[16]]));
        options.Add((OptionCode.OptionRequest, [0, (byte)OptionCode.LqBaseTime]));
        change?.Invoke(options);
        var writer = new Dhcp6Writer(new byte[1000]);
        writer.MessageHeader(type, xid);
        foreach (var (code, data) in options)
            writer.Option(code, data);
        return writer.Written.ToArray();
    }

    private sealed class RecordingChannel : IDatagramChannel
    {
        public List<byte[]> Sent { get; } = [];

        public string InterfaceName => "test";

        public bool Send(ReadOnlySpan<byte> data, in UdpEndpoint destination)
        {
            Sent.Add(data.ToArray());
            return true;
        }
    }
}

/// <summary>A connection whose other side is the test: it says when the system has taken what was written.</summary>
internal sealed class ScriptedConnection : IFrameConnection
{
    private ReadOnlyMemory<byte>? underway;

    public IActorRef? Session { get; set; }

    public IPEndPoint Remote { get; } = new(IPAddress.IPv6Loopback, 40_000);

    public bool IsSecure => false;

    public PeerState Peer => PeerState.Open;

    /// <summary>Messages that the session is ready to take.</summary>
    public int Credits { get; private set; }

    /// <summary>Messages that were written and taken.</summary>
    public List<Answer> Answers { get; } = [];

    /// <summary>Octets that wait to be taken.</summary>
    public int Pending => underway?.Length ?? 0;

    public string? Closed { get; private set; }

    public void Send(byte[] message)
    {
        Credits.ShouldBeGreaterThan(0, "the session reads nothing");
        Credits--;
        Session!.Tell(new FrameReceived(message));
    }

    /// <summary>Takes what is written, again and again, until nothing more comes.</summary>
    public List<Answer> TakeAll()
    {
        var before = Answers.Count;
        while (underway is { } frames)
        {
            underway = null;
            Read(frames.Span);
            Session!.Tell(FramesWritten.Instance);
        }

        return Answers[before..];
    }

    public void ReadMore() => Credits++;

    public void Write(ReadOnlyMemory<byte> frames)
    {
        underway.ShouldBeNull("one write at a time");
        underway = frames;
    }

    public void StartTls() => throw new NotSupportedException();

    public void Close(string reason)
    {
        Closed ??= reason;
        Session?.Tell(new ConnectionClosed(reason));
    }

    public void Abort(string reason) => Close(reason);

    private void Read(ReadOnlySpan<byte> frames)
    {
        while (!frames.IsEmpty)
        {
            var size = BinaryPrimitives.ReadUInt16BigEndian(frames);
            Dhcp6Message.TryRead(frames.Slice(2, size), 0, out var message, out var defect).ShouldBeTrue(defect.ToString());
            Answers.Add(Answer.Of(message));
            frames = frames[(2 + size)..];
        }
    }
}

/// <summary>A message of an answer, taken apart.</summary>
internal sealed record Answer(MessageType Type, uint Xid, StatusCode? Status, uint? BaseTime, IReadOnlyList<(string Client, uint Valid)> Clients, byte[] Cookie, byte[] Octets)
{
    public static Answer Of(Dhcp6Message message)
    {
        var clients = new List<(string, uint)>();
        foreach (var option in message.Options)
        {
            if (ClientDataOption.TryRead(option, out var client) && client.Options.TryGet(OptionCode.IaAddress, out var data)
                && IaAddressOption.TryRead(new Option(OptionCode.IaAddress, data), out var address))
                clients.Add((Convert.ToHexString(client.ClientId), address.Valid));
        }

        var status = message.Options.Contains(OptionCode.StatusCode) ? StatusCodeOption.CodeIn(message.Options) : (StatusCode?)null;
        var baseTime = message.Options.TryGetNumber(OptionCode.LqBaseTime, out var seconds) ? seconds : (uint?)null;
        return new Answer(message.Type, message.TransactionId, status, baseTime, clients, message.Options.TryGet((OptionCode)65002, out var cookie) ? cookie.ToArray() : [], message.Octets.ToArray());
    }
}

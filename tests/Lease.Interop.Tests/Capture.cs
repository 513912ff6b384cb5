using System.Buffers.Binary;
using Lease.Peers.Dhcp6;
using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary>Records what passes the server's interface, reads the server's answers out of it, and lets tshark judge them.</summary>
internal sealed class Capture
{
    private const int FrameHeaders = 14 + 40 + 8;

    private readonly TestHosts hosts;
    private readonly RunningProgram dumpcap;
    private readonly string file;

    private Capture(TestHosts hosts, RunningProgram dumpcap, string file)
    {
        this.hosts = hosts;
        this.dumpcap = dumpcap;
        this.file = file;
    }

    public static async Task<Capture> StartAsync(TestHosts hosts, string name = "capture")
    {
        var file = Path.Combine(hosts.Folder, name + ".pcap");
        var dumpcap = hosts.Start(hosts.Server, "dumpcap", "-P", "-q", "-B", "64", "-i", hosts.Server, "-f", "udp port 546 or udp port 547 or tcp port 547", "-w", file);
        await dumpcap.ExpectAsync(_ => File.Exists(file), "opened its file");
        return new Capture(hosts, dumpcap, file);
    }

    /// <summary>Ends the recording.</summary>
    public async Task StopAsync()
    {
        if (dumpcap.HasExited)
            return;
        await dumpcap.SignalAsync(2);
        await dumpcap.WaitForExitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>The server's answers, as recorded.</summary>
    public IEnumerable<ServerReply> Replies()
    {
        var content = File.ReadAllBytes(file);
        for (var place = 24; place + 16 <= content.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(place + 8));
            if (place + 16 + length > content.Length)
                yield break;
            var frame = content.AsMemory(place + 16, length);
            place += 16 + length;
            if (length <= FrameHeaders || BinaryPrimitives.ReadUInt16BigEndian(frame.Span[54..]) != 547)
                continue;
            if (ServerReply.TryParse(frame.Span[FrameHeaders..]) is { } reply && reply.ServerId.Length > 0 && (byte)reply.Type is 2 or 7)
                yield return reply;
        }
    }

    /// <summary>tshark finds nothing malformed in what the server sent, and it sent something.</summary>
    public async Task AssertWellFormedAsync()
    {
        await StopAsync();
        await AssertSomeAsync("udp.srcport == 547");

        // tshark takes the relay message in LQ_RELAY_DATA (option 47) for a text and calls what follows its first zero stray.
        await AssertNoneAsync("udp.srcport == 547 && (_ws.malformed || (_ws.expert.severity >= 6291456 && !(dhcpv6.option.type == 47 && _ws.expert.message == \"Trailing stray characters\")))");
    }

    /// <summary>The same for what the server sent on TCP: each message is read as DHCPv6, of the types in <paramref name="expected"/> all at least once.</summary>
    public async Task AssertWellFormedTcpAsync(params int[] expected)
    {
        await StopAsync();
        await AssertNoneAsync("tcp.srcport == 547 && (_ws.malformed || _ws.expert.severity >= 8388608)");
        foreach (var type in expected)
            await AssertSomeAsync($"tcp.srcport == 547 && dhcpv6.bulk_leasequery.msgtype == {type}");
    }

    /// <summary>The recording, which has ended, has packets as tshark's <paramref name="filter"/> says.</summary>
    public async Task AssertSomeAsync(string filter) => Assert.NotEmpty(await TsharkAsync(filter));

    /// <summary>No packet of the recording, which has ended, is as tshark's <paramref name="filter"/> says.</summary>
    public async Task AssertNoneAsync(string filter)
    {
        if ((await TsharkAsync(filter)).Length > 0)
            Assert.Fail(await hosts.RunAsync(hosts.Server, TimeSpan.FromSeconds(60), "tshark", "-r", file, "-Y", filter, "-O", "dhcpv6"));
    }

    private async Task<string> TsharkAsync(string filter)
        => string.Join('\n', (await hosts.RunAsync(hosts.Server, TimeSpan.FromSeconds(60), "tshark", "-r", file, "-Y", filter, "-T", "fields", "-e", "frame.number"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static l => l.All(char.IsDigit)));
}

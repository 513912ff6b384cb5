using System.Net;
using System.Net.Sockets;
using Lease.Cluster.Tests.Checking;
using Lease.Cluster.Tests.Hosts;
using Lease.Testing;

namespace Lease.Cluster.Tests.Traffic;

/// <summary>Records every DHCPv6 packet on the relay's interface, with the kernel's time and in its order.</summary>
internal sealed class Capture
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TestNetwork network;
    private readonly RunningProgram dumpcap;
    private readonly string file;

    private Capture(TestNetwork network, RunningProgram dumpcap, string file)
    {
        this.network = network;
        this.dumpcap = dumpcap;
        this.file = file;
    }

    public static async Task<Capture> StartAsync(TestNetwork network)
    {
        var file = Path.Combine(network.Folder, "clients.pcap");
        var dumpcap = network.Start("c", "dumpcap", "-P", "-p", "-q", "-B", "64", "-i", "eth0", "-f", "udp port 547", "-w", file);
        if (!await dumpcap.AwaitAsync(_ => File.Exists(file), Patience))
            throw new FaultTestException($"dumpcap did not start:\n{dumpcap.Output}");
        return new Capture(network, dumpcap, file);
    }

    /// <summary>Ends the recording and reads it; fails when the kernel had to drop packets.</summary>
    public async Task<List<Packet>> StopAsync()
    {
        // It takes packets from the kernel in blocks, a fraction of a second later: when it has this one it has those before it.
        var mark = SendMark();
        if (!await dumpcap.AwaitAsync(_ => File.ReadAllBytes(file).AsSpan().IndexOf(mark) >= 0, Patience))
            throw new FaultTestException($"dumpcap did not record the last packet:\n{dumpcap.Output}");
        await dumpcap.SignalAsync(2);
        if (!await dumpcap.WaitForExitAsync(Patience))
            throw new FaultTestException("dumpcap did not end");
        if (!dumpcap.Output.Contains("/0 (", StringComparison.Ordinal) && dumpcap.Output.Contains("dropped", StringComparison.Ordinal))
            throw new FaultTestException($"packets are missing in the capture: {dumpcap.Output}");
        return [.. PacketReader.ReadCapture(await File.ReadAllBytesAsync(file))];
    }

    // No DHCPv6, and to a host that does not listen.
    private byte[] SendMark() => network.Within("c", () =>
    {
        byte[] mark = [byte.MaxValue, .. Guid.NewGuid().ToByteArray()];
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo(mark, new IPEndPoint(network.AddressOf("r1"), 547));
        return mark;
    });
}

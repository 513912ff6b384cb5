using Lease.Cluster.Tests.Checking;
using Lease.Cluster.Tests.Hosts;

namespace Lease.Cluster.Tests.Traffic;

/// <summary>Records every DHCPv6 packet on the relay's interface, with the kernel's time and in its order.</summary>
internal sealed class Capture
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly RunningProgram dumpcap;
    private readonly string file;

    private Capture(RunningProgram dumpcap, string file)
    {
        this.dumpcap = dumpcap;
        this.file = file;
    }

    public static async Task<Capture> StartAsync(TestNetwork network)
    {
        var file = Path.Combine(network.Folder, "clients.pcap");
        var dumpcap = network.Start("c", "dumpcap", "-P", "-p", "-q", "-B", "64", "-i", "eth0", "-f", "udp port 547", "-w", file);
        if (!await dumpcap.AwaitAsync(_ => File.Exists(file), Patience))
            throw new FaultTestException($"dumpcap did not start:\n{dumpcap.Output}");
        return new Capture(dumpcap, file);
    }

    /// <summary>Ends the recording and reads it; fails when the kernel had to drop packets.</summary>
    public async Task<List<Packet>> StopAsync()
    {
        // It takes packets from the kernel in blocks, a fraction of a second later.
        await Task.Delay(TimeSpan.FromSeconds(1));
        await dumpcap.SignalAsync(2);
        if (!await dumpcap.WaitForExitAsync(Patience))
            throw new FaultTestException("dumpcap did not end");
        if (!dumpcap.Output.Contains("/0 (", StringComparison.Ordinal) && dumpcap.Output.Contains("dropped", StringComparison.Ordinal))
            throw new FaultTestException($"packets are missing in the capture: {dumpcap.Output}");
        return [.. PacketReader.ReadCapture(await File.ReadAllBytesAsync(file))];
    }
}

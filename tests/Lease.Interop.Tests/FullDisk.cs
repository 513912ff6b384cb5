using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary>A full disk costs service, never a lease that was granted; with room again service is back without a restart.</summary>
public sealed class FullDisk
{
    [Fact]
    public async Task Server_grants_nothing_on_a_full_disk_and_serves_again_with_room()
    {
        await using var hosts = await TestHosts.CreateAsync("perfdhcp");
        var data = Directory.CreateDirectory(Path.Combine(hosts.Folder, "data")).FullName;
        await MountAsync("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", data);
        try
        {
            var server = await ServerUnderTest.StartAsync(hosts);
            var filler = Path.Combine(data, "filler");
            Fill(filler);
            Assert.Equal(0, await GrantedAsync(hosts, "full", "01"));
            Assert.False(server.HasExited, server.Output);
            File.Delete(filler);
            Assert.InRange(await GrantedAsync(hosts, "room", "02"), 100, int.MaxValue);
        }
        finally
        {
            await MountAsync("umount", "-l", data);
        }
    }

    private static async Task<int> GrantedAsync(TestHosts hosts, string name, string clients)
    {
        var capture = await Capture.StartAsync(hosts, name);
        await hosts.RunAsync(hosts.Client, TimeSpan.FromSeconds(20), "perfdhcp", "-6", "-l", hosts.Client, "-r", "100", "-R", "1000000", "-p", "3", "-b", $"mac=00:0c:{clients}:00:00:00");
        await capture.StopAsync();
        return capture.Replies().Count(static r => r.Type == Protocol.Dhcp6.MessageType.Reply && r.Leases.Any(static l => l.Valid > 0));
    }

    private static void Fill(string file)
    {
        using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (var block = new byte[4096]; ;)
                stream.Write(block);
        }
        catch (IOException)
        {
            // No room is left, as meant.
        }
    }

    private static async Task MountAsync(string program, params string[] arguments)
    {
        await using var mount = new RunningProgram("/bin/" + program, arguments);
        await mount.WaitForExitAsync(TimeSpan.FromSeconds(10));
        Assert.True(mount.ExitCode == 0, mount.Output);
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Lease.Peers.Client;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Commands;

/// <summary>Prints a client's events and runs the script for each, one after the other, beside the client.</summary>
internal sealed class ClientEventWriter : IAsyncDisposable
{
    private readonly Channel<ClientEvent> events = Channel.CreateUnbounded<ClientEvent>();
    private readonly string interfaceName;
    private readonly string? script;
    private readonly bool json;
    private readonly Task writing;

    public ClientEventWriter(string interfaceName, string? script, bool json)
    {
        this.interfaceName = interfaceName;
        this.script = script;
        this.json = json;
        writing = Task.Run(WriteAsync);
    }

    public void Tell(ClientEvent told) => events.Writer.TryWrite(told);

    public async ValueTask DisposeAsync()
    {
        events.Writer.Complete();
        await writing;
    }

    private async Task WriteAsync()
    {
        await foreach (var told in events.Reader.ReadAllAsync())
        {
            Console.WriteLine(json ? Json(told) : $"{told.Reason} {string.Join(' ', told.Facts.Select(static f => $"{f.Key}={Quoted(f.Value)}"))}");
            if (script is not null)
                await RunAsync(script, told);
        }
    }

    private async Task RunAsync(string program, ClientEvent told)
    {
        var start = new ProcessStartInfo(program) { Environment = { ["reason"] = told.Reason, ["interface"] = interfaceName } };
        foreach (var (name, value) in told.Facts)
            start.Environment[name] = value;
        try
        {
            using var process = Process.Start(start)!;
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
                await Console.Error.WriteLineAsync($"{program} ended with {process.ExitCode} at {told.Reason}");
        }
        catch (Win32Exception e)
        {
            await Console.Error.WriteLineAsync($"{program} cannot be started: {e.Message}");
        }
    }

    private string Json(ClientEvent told)
    {
        var line = new Dictionary<string, string>(StringComparer.Ordinal) { ["reason"] = told.Reason, ["interface"] = interfaceName };
        foreach (var (name, value) in told.Facts)
            line[name] = value;
        return JsonSerializer.Serialize(line);
    }

    private static string Quoted(string value)
    {
        var escaped = OctetText.Escape(value);
        return escaped.Contains(' ', StringComparison.Ordinal) ? $"\"{escaped.Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : escaped;
    }
}

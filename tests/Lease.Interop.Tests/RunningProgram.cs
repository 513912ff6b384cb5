using System.Diagnostics;
using System.Text;

namespace Lease.Interop.Tests;

/// <summary>A program that a test started; its output is kept, and it is ended with the test.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly StringBuilder output = new();
    private readonly Process process;
    private bool disposed;

    public RunningProgram(string program, IReadOnlyList<string> arguments)
    {
        process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true },
        };
        process.OutputDataReceived += Take;
        process.ErrorDataReceived += Take;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What it has printed so far.</summary>
    public string Output
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    public bool HasExited => process.HasExited;

    public int ExitCode => process.ExitCode;

    public int Id => process.Id;

    /// <summary>Its resident memory in octets.</summary>
    public long ResidentMemory
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>Awaits a condition on the output.</summary>
    public async Task ExpectAsync(Func<string, bool> condition, string what, TimeSpan? limit = null)
    {
        for (var end = DateTime.UtcNow + (limit ?? TimeSpan.FromSeconds(30)); DateTime.UtcNow < end;)
        {
            if (condition(Output))
                return;
            if (HasExited)
                break;
            await Task.Delay(20);
        }

        Assert.True(condition(Output), $"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}: never {what}:\n{Output}");
    }

    public Task ExpectAsync(string text, TimeSpan? limit = null) => ExpectAsync(o => o.Contains(text, StringComparison.Ordinal), $"printed \"{text}\"", limit);

    /// <summary>Sends a signal by its number.</summary>
    public async Task SignalAsync(int signal)
    {
        using var kill = Process.Start("/bin/kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Sends a signal each second until it has had its effect or the program has ended, for 30 s.</summary>
    public async Task SignalUntilAsync(int signal, Func<bool> done)
    {
        for (var tries = 0; tries < 30 && !HasExited && !done(); tries++)
        {
            await SignalAsync(signal);
            for (var end = DateTime.UtcNow.AddSeconds(1); DateTime.UtcNow < end && !HasExited && !done();)
                await Task.Delay(20);
        }
    }

    public async Task WaitForExitAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            await SignalAsync(15);
            using var last = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await process.WaitForExitAsync(last.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (disposed)
            return;
        disposed = true;
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private void Take(object sender, DataReceivedEventArgs line)
    {
        lock (output)
            output.AppendLine(line.Data);
    }
}

using System.Diagnostics;
using System.Text;

namespace Lease.Cluster.Tests.Hosts;

/// <summary>A program that these tests started; its output is kept, and it is ended, by its id, at the latest with its cluster.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly StringBuilder output = new();
    private readonly StringBuilder standardOutput = new();
    private readonly Process process;
    private bool disposed;

    public RunningProgram(string program, IReadOnlyList<string> arguments)
    {
        process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = "/" },
        };
        process.OutputDataReceived += (_, line) => Take(line.Data, error: false);
        process.ErrorDataReceived += (_, line) => Take(line.Data, error: true);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What it has printed so far, on both streams.</summary>
    public string Output
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    public string StandardOutput
    {
        get
        {
            lock (output)
                return standardOutput.ToString();
        }
    }

    public bool HasExited => process.HasExited;

    public int ExitCode => process.ExitCode;

    /// <summary>Awaits a condition; false when the time is over or the program has ended without it.</summary>
    public async Task<bool> AwaitAsync(Func<string, bool> condition, TimeSpan limit)
    {
        for (var end = DateTime.UtcNow + limit; DateTime.UtcNow < end && !HasExited;)
        {
            if (condition(Output))
                return true;
            await Task.Delay(20);
        }

        return condition(Output);
    }

    /// <summary>Awaits a text in the output, and fails without it.</summary>
    public async Task ExpectAsync(string text, TimeSpan limit)
    {
        if (!await AwaitAsync(o => o.Contains(text, StringComparison.Ordinal), limit))
            throw new FaultTestException($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} never printed \"{text}\":\n{Output}");
    }

    /// <summary>Sends a signal by its number.</summary>
    public async Task SignalAsync(int signal)
    {
        if (process.HasExited)
            return;
        using var kill = Process.Start("/bin/kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>False when it is still there after that time.</summary>
    public async Task<bool> WaitForExitAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
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

    private void Take(string? line, bool error)
    {
        if (line is null)
            return;
        lock (output)
        {
            output.AppendLine(line);
            if (!error)
                standardOutput.AppendLine(line);
        }
    }
}

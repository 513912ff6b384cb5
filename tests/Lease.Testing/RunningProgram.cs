using System.Diagnostics;
using System.Text;

namespace Lease.Testing;

/// <summary>A program that a test started. Its output is kept, and it is ended, by its id, at the latest when this is disposed of.</summary>
public sealed class RunningProgram : IAsyncDisposable
{
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly StringBuilder output = new();
    private readonly StringBuilder standardOutput = new();
    private readonly Process process;
    private bool disposed;

    /// <summary>Starts it in the folder <c>/</c>.</summary>
    /// <param name="program">A path, or a name that PATH has.</param>
    /// <param name="arguments">Its arguments.</param>
    public RunningProgram(string program, IReadOnlyList<string> arguments)
    {
        process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
                WorkingDirectory = "/",
            },
        };
        process.OutputDataReceived += (_, line) => Take(line.Data, isError: false);
        process.ErrorDataReceived += (_, line) => Take(line.Data, isError: true);
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

    /// <summary>What it has printed so far on standard output.</summary>
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

    private string CommandLine => $"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}";

    /// <summary>Awaits a condition on the output; false when the time is over or the program has ended without it.</summary>
    public async Task<bool> AwaitAsync(Func<string, bool> condition, TimeSpan limit)
    {
        for (var end = DateTime.UtcNow + limit; DateTime.UtcNow < end && !HasExited;)
        {
            if (condition(Output))
                return true;
            await Task.Delay(Pause);
        }

        return condition(Output);
    }

    /// <summary>Awaits a condition on the output.</summary>
    /// <exception cref="TimeoutException">It did not come true, for 30 s when nothing else is said, or the program has ended.</exception>
    public async Task ExpectAsync(Func<string, bool> condition, string what, TimeSpan? limit = null)
    {
        if (!await AwaitAsync(condition, limit ?? DefaultLimit))
            throw new TimeoutException($"{CommandLine} never {what}:\n{Output}");
    }

    /// <summary>Awaits a text in the output.</summary>
    /// <exception cref="TimeoutException">It did not come, for 30 s when nothing else is said, or the program has ended.</exception>
    public Task ExpectAsync(string text, TimeSpan? limit = null)
        => ExpectAsync(o => o.Contains(text, StringComparison.Ordinal), $"printed \"{text}\"", limit);

    /// <summary>Sends a signal by its number, unless the program has ended.</summary>
    public async Task SignalAsync(int signal)
    {
        if (process.HasExited)
            return;
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
                await Task.Delay(Pause);
        }
    }

    /// <summary>Awaits its end; false when it is still there after that time.</summary>
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

    /// <inheritdoc/>
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

    private void Take(string? line, bool isError)
    {
        if (line is null)
            return;
        lock (output)
        {
            output.AppendLine(line);
            if (!isError)
                standardOutput.AppendLine(line);
        }
    }
}

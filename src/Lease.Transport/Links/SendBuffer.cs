using System.Threading.Tasks.Sources;

namespace Lease.Transport.Links;

/// <summary>
/// What waits to be written to a link. There are two buffers: while one is written the other collects, so that whatever has come meanwhile goes out with one write. Any thread adds, one
/// reader takes; neither allocates, but for buffers that grow up to the limit.
/// </summary>
internal sealed class SendBuffer : IValueTaskSource<bool>
{
    /// <summary>Octets that may wait beside those that are being written.</summary>
    public const int Limit = 4 << 20;

    private const int Initial = 16 << 10;

    private readonly Lock gate = new();

    // The reader goes on elsewhere: whoever adds does not encrypt.
    private ManualResetValueTaskSourceCore<bool> waiter = new() { RunContinuationsAsynchronously = true };
    private byte[] collecting = new byte[Initial];
    private byte[] written = new byte[Initial];
    private int length;
    private bool waiting;
    private bool ended;

    /// <summary>Adds a frame.</summary>
    /// <returns>False when there is no room, or the link has ended.</returns>
    public bool TryAdd<TFrame>(in TFrame frame)
        where TFrame : INodeFrame, allows ref struct
    {
        var size = frame.FrameSize;
        lock (gate)
        {
            if (ended || size > NodeFrame.MaxSize || length + size > Limit)
                return false;
            if (length + size > collecting.Length)
                Array.Resize(ref collecting, Math.Min(Limit, Math.Max(length + size, collecting.Length * 2)));
            frame.WriteFrame(collecting.AsSpan(length, size));
            length += size;
            Wake(result: true);
            return true;
        }
    }

    /// <summary>Waits for something to write.</summary>
    /// <returns>False when the link has ended.</returns>
    public ValueTask<bool> WaitAsync()
    {
        lock (gate)
        {
            if (ended || length > 0)
                return ValueTask.FromResult(!ended);
            waiter.Reset();
            waiting = true;
            return new ValueTask<bool>(this, waiter.Version);
        }
    }

    /// <summary>Takes everything that waits; it stays as it is until the next call.</summary>
    public ReadOnlyMemory<byte> Take()
    {
        lock (gate)
        {
            var taken = collecting.AsMemory(0, length);
            (collecting, written) = (written, collecting);
            length = 0;
            return taken;
        }
    }

    /// <summary>Takes nothing more, and forgets what waits.</summary>
    public void End()
    {
        lock (gate)
        {
            ended = true;
            length = 0;
            collecting = [];
            Wake(result: false);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => waiter.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => waiter.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => waiter.OnCompleted(continuation, state, token, flags);

    private void Wake(bool result)
    {
        if (!waiting)
            return;
        waiting = false;
        waiter.SetResult(result);
    }
}

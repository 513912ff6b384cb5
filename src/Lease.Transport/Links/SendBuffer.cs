using System.Threading.Tasks.Sources;
using Lease.Kernel.IO;

namespace Lease.Transport.Links;

/// <summary>
/// What waits to be written to a link. There are two buffers: while one is written the other collects, so that whatever has come meanwhile goes out with one write. Any thread adds, one
/// reader takes, which is woken at the end of a <see cref="SendScope"/>: to wake it for each frame costs more than the frame. A frame costs 32 octets of memory, and buffers grow up to the limit.
/// </summary>
internal sealed class SendBuffer : IValueTaskSource<bool>, IDeferredSend
{
    /// <summary>Octets that may wait beside those that are being written.</summary>
    public const int Limit = 4 << 20;

    private const int Initial = 16 << 10;

    private readonly Lock gate = new();
    private readonly FrameMessages messages = new();

    // The reader goes on elsewhere: whoever adds does not encrypt.
    private ManualResetValueTaskSourceCore<bool> waiter = new() { RunContinuationsAsynchronously = true };
    private byte[] collecting = new byte[Initial];
    private byte[] written = new byte[Initial];
    private int length;
    private bool waiting;
    private bool deferred;
    private bool ended;

    /// <summary>Adds a packet.</summary>
    /// <returns>False when there is no room, or the link has ended.</returns>
    public bool TryAdd(in ForwardedPacket packet)
    {
        lock (gate)
            return MayFit(packet.Data) && TryAdd(messages.Of(packet));
    }

    /// <summary>Adds a reply.</summary>
    /// <returns>False when there is no room, or the link has ended.</returns>
    public bool TryAdd(in ForwardedReply reply)
    {
        lock (gate)
            return MayFit(reply.Data) && TryAdd(messages.Of(reply));
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

    void IDeferredSend.Send()
    {
        lock (gate)
        {
            deferred = false;
            Wake(result: !ended);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => waiter.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => waiter.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => waiter.OnCompleted(continuation, state, token, flags);

    // Before anything is copied.
    private bool MayFit(ReadOnlySpan<byte> data) => !ended && data.Length <= NodeFrame.MaxLength && length + data.Length <= Limit;

    private bool TryAdd(Frame message)
    {
        var size = NodeFrame.SizeOf(message);
        if (size > NodeFrame.MaxSize || length + size > Limit)
            return false;
        if (length + size > collecting.Length)
            Array.Resize(ref collecting, Math.Min(Limit, Math.Max(length + size, collecting.Length * 2)));
        NodeFrame.Write(message, collecting.AsSpan(length, size));
        length += size;
        if (!waiting || deferred)
            return true;
        deferred = SendScope.IsOpen;
        if (deferred)
            SendScope.Defer(this);
        else
            Wake(result: true);
        return true;
    }

    private void Wake(bool result)
    {
        if (!waiting)
            return;
        waiting = false;
        waiter.SetResult(result);
    }
}

using System.Runtime.InteropServices;
using Akka.Actor;
using Akka.IO;
using AkkaTcp = Akka.IO.Tcp;

namespace Lease.Transport.Tcp;

/// <summary>
/// The octets of an Akka.IO connection as a stream: one read and one write at a time. Nothing is read from the connection that nobody waits
/// for, and a write ends when the system has taken all of it. The actor to which Akka.IO tells what happens passes it on here; what waits for
/// it (TLS too) goes on in that actor's turn, on its dispatcher.
/// </summary>
/// <param name="connection">Akka.IO's actor.</param>
/// <param name="handler">To whom it tells what happens.</param>
internal sealed class ConnectionStream(IActorRef connection, IActorRef handler) : Stream
{
    private readonly Lock gate = new();
    private TaskCompletionSource<int>? reading;
    private TaskCompletionSource? writing;
    private Memory<byte> place;
    private ByteString rest = ByteString.Empty;
    private IOException? failure;
    private bool ended;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether octets came that nobody has read.</summary>
    public bool HasRest
    {
        get
        {
            lock (gate)
                return !rest.IsEmpty;
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        TaskCompletionSource<int> read;
        lock (gate)
        {
            if (failure is not null)
                return ValueTask.FromException<int>(failure);
            if (ended || !rest.IsEmpty)
                return ValueTask.FromResult(TakeRest(buffer));
            read = reading = new TaskCompletionSource<int>();
            place = buffer;
        }

        connection.Tell(AkkaTcp.ResumeReading.Instance, handler);
        return new ValueTask<int>(read.Task);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return ValueTask.CompletedTask;
        TaskCompletionSource write;
        lock (gate)
        {
            if (failure is not null)
                return ValueTask.FromException(failure);
            write = writing = new TaskCompletionSource();
        }

        var octets = MemoryMarshal.TryGetArray(buffer, out var segment) ? segment : new ArraySegment<byte>(buffer.ToArray());
        connection.Tell(AkkaTcp.Write.Create(ByteString.FromBytes(octets), OctetsTaken.Instance), handler);
        return new ValueTask(write.Task);
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is held back.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Octets came.</summary>
    public void OnReceived(ByteString octets)
    {
        lock (gate)
            rest = octets;
        EndRead();
    }

    /// <summary>The peer sends nothing any more.</summary>
    public void OnEnd()
    {
        lock (gate)
            ended = true;
        EndRead();
    }

    /// <summary>The system took the last write.</summary>
    public void OnTaken()
    {
        TaskCompletionSource? write;
        lock (gate)
        {
            write = writing;
            writing = null;
        }

        write?.TrySetResult();
    }

    /// <summary>The connection is gone: what is read or written fails, from now on too.</summary>
    public void Fail(string reason)
    {
        TaskCompletionSource<int>? read;
        TaskCompletionSource? write;
        lock (gate)
        {
            failure = new IOException(reason);
            (read, reading) = (reading, null);
            (write, writing) = (writing, null);
        }

        read?.TrySetException(failure);
        write?.TrySetException(failure);
    }

    private void EndRead()
    {
        TaskCompletionSource<int> read;
        int taken;
        lock (gate)
        {
            if (reading is null)
                return;
            (read, reading) = (reading, null);
            taken = TakeRest(place);
            place = default;
        }

        read.TrySetResult(taken);
    }

    private int TakeRest(Memory<byte> buffer)
    {
        var octets = Math.Min(rest.Count, buffer.Length);
        if (octets == 0)
            return 0;
        rest.CopyTo(ref buffer, 0, octets);
        rest = octets == rest.Count ? ByteString.Empty : rest.Slice(octets);
        return octets;
    }

    /// <summary>Akka.IO's word that the system took a write.</summary>
    public sealed class OctetsTaken : AkkaTcp.Event
    {
        /// <summary>The only one there is.</summary>
        public static readonly OctetsTaken Instance = new();
    }
}

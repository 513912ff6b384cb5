namespace Lease.Kernel.Actors;

/// <summary>A message on its way, and the link of the queue it is in.</summary>
internal sealed class Envelope(object message, IActorRef? sender)
{
    public object Message { get; } = message;

    public IActorRef? Sender { get; } = sender;

    public Envelope? Next { get; set; }
}

/// <summary>
/// Queue for many producers and one consumer, without preallocated room: producers push onto a stack, the consumer takes the whole stack and
/// turns it around. An empty queue costs two references.
/// </summary>
internal struct EnvelopeQueue
{
    private Envelope? incoming;
    private Envelope? outgoing;

    public readonly bool IsEmpty => outgoing is null && Volatile.Read(in incoming) is null;

    public void Enqueue(Envelope envelope)
    {
        var head = Volatile.Read(ref incoming);
        while (true)
        {
            envelope.Next = head;
            var seen = Interlocked.CompareExchange(ref incoming, envelope, head);
            if (ReferenceEquals(seen, head))
                return;
            head = seen;
        }
    }

    /// <summary>For the consumer only.</summary>
    public Envelope? Dequeue()
    {
        if (outgoing is null)
        {
            var stack = Interlocked.Exchange(ref incoming, value: null);
            while (stack is not null)
            {
                var next = stack.Next;
                stack.Next = outgoing;
                outgoing = stack;
                stack = next;
            }
        }

        var first = outgoing;
        if (first is null)
            return null;
        outgoing = first.Next;
        first.Next = null;
        return first;
    }

    /// <summary>For the consumer only: puts a linked run of envelopes in front.</summary>
    public void Prepend(Envelope first, Envelope last)
    {
        // What waits in the incoming stack is behind outgoing, so only outgoing has to be relinked.
        last.Next = outgoing;
        outgoing = first;
    }
}

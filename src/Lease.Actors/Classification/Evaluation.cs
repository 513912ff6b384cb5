using System.Buffers.Binary;

namespace Lease.Actors.Classification;

/// <summary>One evaluation of an expression: the packet, its classes so far, and room for values that stand nowhere yet.</summary>
public ref struct Evaluation
{
    /// <summary>Longer values than any option fail: an expression must not make a packet cost more memory than it has octets times a few.</summary>
    public const int MaxValue = ushort.MaxValue;

    private Span<byte> room;

    /// <summary>Begins one.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="classes">Its classes so far.</param>
    /// <param name="room">For values; what does not fit is allocated.</param>
    public Evaluation(PacketView packet, AssignedClasses classes, Span<byte> room)
    {
        Packet = packet;
        Classes = classes;
        this.room = room;
    }

    /// <summary>The packet.</summary>
    public readonly PacketView Packet { get; }

    /// <summary>Its classes so far.</summary>
    public readonly AssignedClasses Classes { get; }

    /// <summary>Whether something could not be computed, such as the text of an address of three octets: then the packet is not in the class (Kea).</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Room for a value; none when it would be too long, and the evaluation has failed.</summary>
    public Span<byte> Take(int length)
    {
        if (length > MaxValue)
        {
            HasFailed = true;
            return default;
        }

        if (length > room.Length)
            return new byte[length];
        var taken = room[..length];
        room = room[length..];
        return taken;
    }

    /// <summary>A number as a value: four octets.</summary>
    public ReadOnlySpan<byte> Number(uint number)
    {
        var octets = Take(sizeof(uint));
        BinaryPrimitives.WriteUInt32BigEndian(octets, number);
        return octets;
    }

    /// <summary>One value after another.</summary>
    public ReadOnlySpan<byte> Join(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (first.IsEmpty || second.IsEmpty)
            return first.IsEmpty ? second : first;
        var joined = Take(first.Length + second.Length);
        if (joined.IsEmpty)
            return joined;
        first.CopyTo(joined);
        second.CopyTo(joined[first.Length..]);
        return joined;
    }

    /// <summary>Says that a value cannot be computed.</summary>
    /// <returns>An empty value.</returns>
    public ReadOnlySpan<byte> Fail()
    {
        HasFailed = true;
        return default;
    }
}

using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>
/// Elements with a u16 length in front of each: the data of USER_CLASS (RFC 8415 section 21.15), VENDOR_CLASS (section 21.16) and BOOTFILE_PARAM (RFC 5970
/// section 3.2). Reading stops at an element that goes beyond the end.
/// </summary>
/// <param name="octets">The elements' octets.</param>
public readonly ref struct ElementList(ReadOnlySpan<byte> octets)
{
    /// <summary>The octets.</summary>
    public ReadOnlySpan<byte> Octets { get; } = octets;

    /// <summary>Whether the last element ends where <paramref name="octets"/> end.</summary>
    public static bool AreValid(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            if (octets.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(octets) > octets.Length - 2)
                return false;
            octets = octets[(2 + BinaryPrimitives.ReadUInt16BigEndian(octets))..];
        }

        return true;
    }

    /// <summary>Writes one element; over 65,535 octets the writer overflows.</summary>
    public static void WriteElement(ref Dhcp6Writer writer, scoped ReadOnlySpan<byte> element)
    {
        if (element.Length > ushort.MaxValue)
        {
            writer.Fail();
            return;
        }

        writer.U16((ushort)element.Length);
        writer.Octets(element);
    }

    /// <summary>Enumerates the elements in their order.</summary>
    public Enumerator GetEnumerator() => new(Octets);

    /// <summary>Whether one of the elements has these octets.</summary>
    public bool Contains(ReadOnlySpan<byte> element)
    {
        foreach (var candidate in this)
        {
            if (candidate.SequenceEqual(element))
                return true;
        }

        return false;
    }

    /// <summary>The elements as quoted text or hexadecimal, with commas.</summary>
    public override string ToString()
    {
        var texts = new List<string>();
        foreach (var element in this)
            texts.Add(OctetText.Describe(element));
        return string.Join(", ", texts);
    }

    /// <summary>Walks over elements.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> rest;

        internal Enumerator(ReadOnlySpan<byte> octets) => rest = octets;

        /// <summary>The element at which the walk is.</summary>
        public ReadOnlySpan<byte> Current { get; private set; }

        /// <summary>Goes on to the next element.</summary>
        public bool MoveNext()
        {
            if (rest.Length < 2)
                return false;
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (length > rest.Length - 2)
                return false;
            Current = rest.Slice(2, length);
            rest = rest[(2 + length)..];
            return true;
        }
    }
}

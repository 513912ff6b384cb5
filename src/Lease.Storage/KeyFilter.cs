using System.Numerics;

namespace Lease.Storage;

/// <summary>
/// Bloom filter over the hashes of binding keys: a client never seen before, the most frequent case under load, costs no read. A wrong "maybe" only
/// costs a read. Set by one thread at a time, read by any. When it is full a part of twice the room is added, so that growing costs no look at the table.
/// </summary>
internal sealed class KeyFilter
{
    // Newest first: most keys are looked for in vain.
    private volatile Part[] parts;

    /// <summary>Room for <paramref name="capacity"/> keys with about one wrong "maybe" in a hundred.</summary>
    public KeyFilter(long capacity) => parts = [new Part(capacity)];

    /// <summary>Keys added.</summary>
    public long Count { get; private set; }

    public void Add(ulong hash)
    {
        if (parts[0].IsFull)
            parts = [new Part(2 * parts[0].Capacity), .. parts];
        parts[0].Add(hash);
        Count++;
    }

    public bool MayContain(ulong hash)
    {
        foreach (var part in parts)
        {
            if (part.MayContain(hash))
                return true;
        }

        return false;
    }

    private sealed class Part
    {
        private const int BitsPerKey = 12;

        private readonly ulong[] words;
        private readonly ulong mask;
        private long count;

        public Part(long capacity)
        {
            var bits = BitOperations.RoundUpToPowerOf2((ulong)Math.Max(capacity, 1024) * BitsPerKey);
            words = new ulong[bits / 64];
            mask = bits - 1;
            Capacity = (long)(bits / BitsPerKey);
        }

        public long Capacity { get; }

        public bool IsFull => count >= Capacity;

        public void Add(ulong hash)
        {
            count++;
            for (var i = 0; i < 4; i++)
            {
                var bit = BitOf(hash, i);
                Volatile.Write(ref words[bit / 64], words[bit / 64] | (1UL << (int)(bit % 64)));
            }
        }

        public bool MayContain(ulong hash)
        {
            for (var i = 0; i < 4; i++)
            {
                var bit = BitOf(hash, i);
                if ((Volatile.Read(ref words[bit / 64]) & (1UL << (int)(bit % 64))) == 0)
                    return false;
            }

            return true;
        }

        private ulong BitOf(ulong hash, int number) => (hash + ((ulong)number * (BitOperations.RotateLeft(hash, 32) | 1))) & mask;
    }
}

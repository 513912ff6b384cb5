using System.Numerics;

namespace Lease.Storage.Sqlite;

/// <summary>
/// Bloom filter over the hashes of all binding keys: a client never seen before, the most frequent case under load, costs no read. A wrong "maybe" only
/// costs a read. Set by the journal's thread, read by any.
/// </summary>
internal sealed class KeyFilter
{
    private const int BitsPerKey = 12;

    private readonly ulong[] words;
    private readonly ulong mask;

    /// <summary>Room for <paramref name="capacity"/> keys with about one wrong "maybe" in a hundred.</summary>
    public KeyFilter(long capacity)
    {
        var bits = BitOperations.RoundUpToPowerOf2((ulong)Math.Max(capacity, 1024) * BitsPerKey);
        words = new ulong[bits / 64];
        mask = bits - 1;
        Capacity = (long)(bits / BitsPerKey);
    }

    /// <summary>Keys that it was made for.</summary>
    public long Capacity { get; }

    /// <summary>Keys added.</summary>
    public long Count { get; private set; }

    public void Add(ulong hash)
    {
        Count++;
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

using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>The lengths of the prefixes that have ever been leased: so the one that contains an address is found with an exact look-up for each, longest first.</summary>
internal sealed class PrefixLengths
{
    private readonly bool[] lengths = new bool[128];

    /// <summary>Reads them from the table.</summary>
    public PrefixLengths(Database database)
    {
        using var read = database.PrepareOnce("SELECT DISTINCT length FROM lease WHERE length < 128");
        while (read.Step())
            lengths[read.Int64(0)] = true;
    }

    /// <summary>Notes those of a commit.</summary>
    public void Note(ReadOnlySpan<LeaseChange> changes)
    {
        foreach (var change in changes)
        {
            if (change.Key.Length < 128 && !lengths[change.Key.Length])
                Volatile.Write(ref lengths[change.Key.Length], true);
        }
    }

    /// <summary>Whether a prefix of this length (0..127) may be there.</summary>
    public bool Contains(int length) => Volatile.Read(ref lengths[length]);
}

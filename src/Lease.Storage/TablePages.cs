using System.Runtime.CompilerServices;

namespace Lease.Storage;

/// <summary>Walks over whole tables, a page at a time, so that no walk holds anything open.</summary>
internal static class TablePages
{
    /// <summary>Rows of a page.</summary>
    public const int Rows = 1000;

    /// <summary>Every row, in the order of the pages; <paramref name="readPage"/> reads at most <see cref="Rows"/> behind a place, each with its own place.</summary>
    public static async IAsyncEnumerable<TRow> ReadAsync<TPlace, TRow>(
        TPlace start, Func<TPlace, List<(TPlace Place, TRow Row)>> readPage, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var place = start;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var page = readPage(place);
            foreach (var (_, row) in page)
                yield return row;
            if (page.Count < Rows)
                yield break;
            place = page[^1].Place;
            await Task.Yield();
        }
    }
}

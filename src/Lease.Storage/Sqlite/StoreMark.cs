using System.Text;

namespace Lease.Storage.Sqlite;

#pragma warning disable CA1416 // The project runs on Linux only.

/// <summary>
/// The file <c>lease.id</c>, which says that a store was made in this folder, which one, and whether it was closed. It survives the loss
/// of the database: where it is, an empty database is not a
/// new store but a lost one. Written in place, so that a full disk is no obstacle.
/// </summary>
internal sealed class StoreMark(string path)
{
    private const string Open = "open  ";
    private const string Closed = "closed";
    private const string Explanation =
        "A Lease store was made in this folder. With this file here, Lease does not begin with an empty store\n"
        + "when lease.db is missing or damaged.\n"
        + "Delete this file only when you put a backup in the place of lease.db.\n";

    /// <summary>Its path.</summary>
    public string Path => path;

    /// <summary>Whether it is there, whatever is in it.</summary>
    public bool Exists => File.Exists(path);

    /// <summary>Which store it names, and whether that was left open; nothing when it is not there or cannot be understood.</summary>
    /// <exception cref="StoreException">It cannot be read.</exception>
    public (Guid? ClusterId, bool WasOpen) Read()
    {
        try
        {
            var lines = Exists ? File.ReadAllLines(path) : [];
            return lines.Length >= 2 && Guid.TryParse(lines[0], out var id) ? (id, lines[1] == Open) : (null, false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes it through to the disk.</summary>
    /// <exception cref="StoreException">The system refuses it.</exception>
    public void Write(Guid clusterId, bool isOpen)
    {
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = StoreFolder.OwnerOnly,
            };
            using var file = new FileStream(path, options);
            file.Write(Encoding.ASCII.GetBytes($"{clusterId}\n{(isOpen ? Open : Closed)}\n{Explanation}"));
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"{path} cannot be written: {e.Message}", e);
        }
    }
}

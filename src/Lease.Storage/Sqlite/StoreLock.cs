using System.Globalization;

namespace Lease.Storage.Sqlite;

/// <summary>Keeps two processes from opening the same store: a locked file beside it, which also tells who holds it.</summary>
internal sealed class StoreLock : IDisposable
{
    private readonly FileStream file;

    private StoreLock(FileStream file) => this.file = file;

    /// <exception cref="StoreException">Another process holds the store.</exception>
    public static StoreLock Take(string path)
    {
        try
        {
            // FileShare.Read: who comes second may still read the holder's number.
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            file.SetLength(0);
            using (var text = new StreamWriter(file, leaveOpen: true))
                text.WriteLine(Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            file.Flush();
            return new StoreLock(file);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException))
        {
            throw new StoreException($"{path} is held by process {Holder(path)}: stop that one, or name another --data folder", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException($"{path} cannot be written: {e.Message}", e);
        }
    }

    public void Dispose() => file.Dispose();

    private static string Holder(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file);
            return reader.ReadLine() ?? "unknown";
        }
        catch (IOException)
        {
            return "unknown";
        }
    }
}

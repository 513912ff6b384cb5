using System.Globalization;

namespace Lease.Storage.Sqlite;

/// <summary>Keeps two processes from opening the same store: a locked file, and beside it one that tells who holds the lock.</summary>
internal sealed class StoreLock : IDisposable
{
    private readonly FileStream file;

    private StoreLock(FileStream file) => this.file = file;

    /// <exception cref="StoreException">Another process holds the store.</exception>
    public static StoreLock Take(string directory)
    {
        var path = Path.Combine(directory, "lease.lock");
        var holder = Path.Combine(directory, "lease.pid");
        try
        {
            // FileShare.None is what locks on Linux; nobody else can read such a file, hence the second one. The system drops the lock with the process.
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(holder, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new StoreLock(file);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException))
        {
            throw new StoreException($"{path} is held by process {ReadHolder(holder)}: stop that one, or name another --data folder ({e.Message})", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException($"{path} cannot be written: {e.Message}", e);
        }
    }

    public void Dispose() => file.Dispose();

    private static string ReadHolder(string holder)
    {
        try
        {
            return File.ReadAllText(holder);
        }
        catch (IOException)
        {
            return "unknown";
        }
    }
}

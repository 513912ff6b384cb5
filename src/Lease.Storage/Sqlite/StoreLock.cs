using System.Globalization;

namespace Lease.Storage.Sqlite;

/// <summary>Keeps two processes from opening the same store: a locked file, and beside it one that tells who holds the lock.</summary>
internal sealed class StoreLock : IDisposable
{
    private const int WouldBlock = 11; // EWOULDBLOCK

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
            var taken = new StoreLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            taken.Name(holder);
            return taken;
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            throw new StoreException($"{path} is held by process {ReadHolder(holder)}: stop that one, or name another --data folder ({e.Message})", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"{directory} cannot be written to, which a store needs: {e.Message}", e);
        }
    }

    public void Dispose() => file.Dispose();

    private void Name(string holder)
    {
        try
        {
            File.WriteAllText(holder, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private static string ReadHolder(string holder)
    {
        try
        {
            return File.ReadAllText(holder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "unknown";
        }
    }
}

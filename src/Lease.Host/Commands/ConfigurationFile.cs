using Lease.Host.Configuration;
using Lease.Kernel.IO;

namespace Lease.Host.Commands;

/// <summary>Reads a configuration file; what cannot be read is a problem like any other.</summary>
internal static class ConfigurationFile
{
    public static ConfigurationResult Read(string file)
    {
        try
        {
            return ConfigurationReader.Read(RegularFile.ReadText(file), file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new ConfigurationResult(Configuration: null, [new ConfigurationProblem(Severity.Error, file, 1, 1, "", $"cannot be read: {e.Message}")]);
        }
    }
}

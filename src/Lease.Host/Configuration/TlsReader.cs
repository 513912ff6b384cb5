using Lease.Actors.Configuration;

namespace Lease.Host.Configuration;

/// <summary>Reads a <c>tls</c> object: the names of three PEM files.</summary>
internal static class TlsReader
{
    public static TlsFileNames? Read(ConfigurationNode node)
    {
        var (certificate, key, authorities) = (node.Text("certificate"), node.Text("key"), node.Text("authorities"));
        node.RefuseUnknown();
        if (!string.IsNullOrEmpty(certificate) && !string.IsNullOrEmpty(key) && !string.IsNullOrEmpty(authorities))
            return new TlsFileNames(certificate, key, authorities);
        node.Error("certificate, key and authorities must name PEM files");
        return null;
    }
}

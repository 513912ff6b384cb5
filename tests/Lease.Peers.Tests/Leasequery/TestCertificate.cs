using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Peers.Tests.Leasequery;

/// <summary>A certificate that signed itself, in files that are gone with it.</summary>
internal sealed class TestCertificate : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("lease-peers-").FullName;

    public TlsCertificates Load(TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=requestor", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(20));
        var (certificateFile, keyFile) = (Path.Combine(directory, "requestor.pem"), Path.Combine(directory, "requestor.key"));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return TlsCertificates.Load(certificateFile, keyFile, certificateFile, time, NullLogger.Instance);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Transport.Tests.Links;

/// <summary>An authority that signs the certificates of nodes, in files that are gone with it.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset From = DateTimeOffset.UtcNow.AddDays(-1);
    private static readonly DateTimeOffset Until = DateTimeOffset.UtcNow.AddDays(1);

    private readonly string directory = Directory.CreateTempSubdirectory("lease-links-").FullName;
    private readonly X509Certificate2 authority;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=authority {Guid.NewGuid()}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority());
        authority = request.CreateSelfSigned(From, Until);
        File.WriteAllText(AuthorityFile, authority.ExportCertificatePem());
    }

    private string AuthorityFile => Path.Combine(directory, "ca.pem");

    /// <summary>Makes a certificate for a node.</summary>
    public TlsCertificates Issue(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using var certificate = request.Create(authority, From, Until, RandomNumberGenerator.GetBytes(16));
        var (certificateFile, keyFile) = (Path.Combine(directory, $"{name}.pem"), Path.Combine(directory, $"{name}-key.pem"));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return TlsCertificates.Load(certificateFile, keyFile, AuthorityFile, TimeProvider.System, NullLogger.Instance);
    }

    public void Dispose()
    {
        authority.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}

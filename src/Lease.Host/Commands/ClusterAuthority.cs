using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lease.Kernel.IO;

namespace Lease.Host.Commands;

/// <summary>A certificate in a file.</summary>
/// <param name="Path">The file.</param>
/// <param name="IsNew">Whether it has just been made.</param>
/// <param name="Until">The end of its validity, UTC.</param>
internal sealed record CertificateFile(string Path, bool IsNew, DateTime Until);

/// <summary>
/// The certificate authority of a cluster, in a folder: <c>ca.pem</c> and <c>ca-key.pem</c>, and for each node <c>NAME.pem</c> and <c>NAME-key.pem</c>. Whoever has a certificate of it may do
/// whatever a node does.
/// </summary>
internal sealed class ClusterAuthority : IDisposable
{
    /// <summary>Most characters of a node's name: what a common name has room for (RFC 5280, ub-common-name).</summary>
    public const int MaxName = 64;

    private const string AuthorityName = "ca";
    private const string KeySuffix = "-key";
    private const int SerialOctets = 16;

    // The nodes' clocks may be behind this machine's.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromHours(1);

    private static readonly OidCollection ServerAndClient = [new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")];

    private readonly string directory;
    private readonly TimeProvider time;
    private readonly X509Certificate2 certificate;

    private ClusterAuthority(string directory, TimeProvider time, X509Certificate2 certificate, bool isNew)
    {
        this.directory = directory;
        this.time = time;
        this.certificate = certificate;
        Made = new CertificateFile(CertificatePath(AuthorityName), isNew, certificate.NotAfter.ToUniversalTime());
    }

    /// <summary>The authority's own certificate.</summary>
    public CertificateFile Made { get; }

    /// <summary>Whether a node may be called so: the name becomes a file's.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= MaxName && char.IsAsciiLetterOrDigit(name[0])
        && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
        && name != AuthorityName && !name.EndsWith(KeySuffix, StringComparison.Ordinal);

    /// <summary>Reads the authority of a folder, or makes one when there is none.</summary>
    /// <exception cref="IOException">It cannot be read, or written; the message says what and why.</exception>
    public static ClusterAuthority Open(string directory, TimeSpan validity, TimeProvider time)
    {
        var (certificateFile, keyFile) = (Path.Combine(directory, $"{AuthorityName}.pem"), Path.Combine(directory, $"{AuthorityName}{KeySuffix}.pem"));
        if (ArePresent(certificateFile, keyFile))
            return new ClusterAuthority(directory, time, Read(certificateFile, keyFile), isNew: false);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        // Two clusters' authorities must not be taken for each other, and neither an old one for the next.
        var request = new CertificateRequest($"CN=Lease cluster authority {RandomNumberGenerator.GetHexString(8)}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLengthConstraint: 0));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        var made = request.CreateSelfSigned(now - ClockDifference, now + validity);
        Write(certificateFile, made, keyFile, key);
        return new ClusterAuthority(directory, time, made, isNew: true);
    }

    /// <summary>Makes a node's certificate, unless it is there already.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="validity">From now on; not longer than the authority's.</param>
    /// <exception cref="IOException">It cannot be read, or written; the message says what and why.</exception>
    public CertificateFile Issue(string node, TimeSpan validity)
    {
        var (certificateFile, keyFile) = (CertificatePath(node), Path.Combine(directory, $"{node}{KeySuffix}.pem"));
        if (ArePresent(certificateFile, keyFile))
        {
            using var kept = Read(certificateFile, keyFile);
            return new CertificateFile(certificateFile, IsNew: false, kept.NotAfter.ToUniversalTime());
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = Sign(new CertificateRequest($"CN={node}", key, HashAlgorithmName.SHA256), validity);
        Write(certificateFile, made, keyFile, key);
        return new CertificateFile(certificateFile, IsNew: true, made.NotAfter.ToUniversalTime());
    }

    public void Dispose() => certificate.Dispose();

    private X509Certificate2 Sign(CertificateRequest request, TimeSpan validity)
    {
        var now = time.GetUtcNow();
        var (from, until) = (now - ClockDifference, now + validity);
        var (own, end) = (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        if (end <= now)
            throw new IOException($"{Made.Path} has expired on {Made.Until:yyyy-MM-dd}: make another authority in another folder, docs/cluster.md says how");
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity(critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(ServerAndClient, critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        try
        {
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
            return request.Create(certificate, from > own ? from : own, until < end ? until : end, RandomNumberGenerator.GetBytes(SerialOctets));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new IOException($"{Made.Path} is no authority that can sign: {e.Message}", e);
        }
    }

    private string CertificatePath(string name) => Path.Combine(directory, $"{name}.pem");

    private static bool ArePresent(string certificateFile, string keyFile)
    {
        var (certificate, key) = (File.Exists(certificateFile), File.Exists(keyFile));
        if (certificate == key)
            return certificate;
        var (there, missing) = certificate ? (certificateFile, keyFile) : (keyFile, certificateFile);
        throw new IOException($"{there} is there and {missing} is not: bring it back, or remove the other one too");
    }

    private static X509Certificate2 Read(string certificateFile, string keyFile)
    {
        try
        {
            return X509Certificate2.CreateFromPem(RegularFile.ReadText(certificateFile), RegularFile.ReadText(keyFile));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new IOException($"{certificateFile} and {keyFile} are not a certificate and its key: {e.Message}", e);
        }
    }

    private static void Write(string certificateFile, X509Certificate2 certificate, string keyFile, ECDsa key)
    {
        WriteNew(keyFile, key.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        WriteNew(certificateFile, certificate.ExportCertificatePem(), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    // The mode is there from the beginning: nobody reads a key before it is changed.
    private static void WriteNew(string file, string text, UnixFileMode mode)
    {
#pragma warning disable CA1416 // The project runs on Linux only.
        using var writer = new StreamWriter(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode });
#pragma warning restore CA1416
        writer.Write(text);
        writer.Write('\n');
    }
}

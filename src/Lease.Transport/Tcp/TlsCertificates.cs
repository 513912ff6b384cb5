using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lease.Kernel.IO;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Tcp;

/// <summary>
/// A certificate with its key, and those who may have signed the other side's; PEM files that are read again when they change. A file that cannot be read then leaves the old ones in use.
/// </summary>
public sealed class TlsCertificates
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly string certificateFile;
    private readonly string keyFile;
    private readonly string authoritiesFile;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private Loaded loaded;
    private long checkedAt;

    private TlsCertificates(string certificateFile, string keyFile, string authoritiesFile, TimeProvider time, ILogger logger)
    {
        this.certificateFile = certificateFile;
        this.keyFile = keyFile;
        this.authoritiesFile = authoritiesFile;
        this.time = time;
        this.logger = logger;
        checkedAt = time.GetTimestamp();
        loaded = Read();
    }

    /// <summary>Reads the files.</summary>
    /// <exception cref="IOException">A file is not there or not what it should be; the message says which and why.</exception>
    public static TlsCertificates Load(string certificateFile, string keyFile, string authoritiesFile, TimeProvider time, ILogger logger)
        => new(certificateFile, keyFile, authoritiesFile, time, logger);

    /// <summary>What a server needs for a handshake: a client must show a certificate that one of the authorities has signed.</summary>
    /// <param name="refused">Called with the reason when the client's certificate is refused.</param>
    public SslServerAuthenticationOptions ForServer(Action<string> refused)
    {
        var current = Current();
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = current.Context,
            ClientCertificateRequired = true,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, sent, _) => IsTrusted(current, certificate, sent, ClientAuthentication, refused),
        };
    }

    /// <summary>What a client needs for a handshake: the server's certificate must be signed by one of the authorities; its name is not compared.</summary>
    /// <param name="host">The server's name, for SNI.</param>
    /// <param name="refused">Called with the reason when the server's certificate is refused.</param>
    public SslClientAuthenticationOptions ForClient(string host, Action<string> refused)
    {
        var current = Current();
        return new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ClientCertificateContext = current.Context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, sent, _) => IsTrusted(current, certificate, sent, ServerAuthentication, refused),
        };
    }

    private Loaded Current()
    {
        lock (gate)
        {
            if (time.GetElapsedTime(checkedAt) < CheckInterval)
                return loaded;
            checkedAt = time.GetTimestamp();
            try
            {
                if (!WrittenAt().AsSpan().SequenceEqual(loaded.WrittenAt))
                    loaded = Read();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                logger.CertificatesStay(e.Message);
            }

            return loaded;
        }
    }

    private DateTime[] WrittenAt() => [File.GetLastWriteTimeUtc(certificateFile), File.GetLastWriteTimeUtc(keyFile), File.GetLastWriteTimeUtc(authoritiesFile)];

    private Loaded Read()
    {
        try
        {
            var writtenAt = WrittenAt();
            var certificates = RegularFile.ReadText(certificateFile);
            using var leaf = X509Certificate2.CreateFromPem(certificates, RegularFile.ReadText(keyFile));
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificates);
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(RegularFile.ReadText(authoritiesFile));
            if (authorities.Count == 0)
                throw new IOException($"{authoritiesFile} holds no certificate");
            logger.CertificatesRead(leaf.Subject, leaf.NotAfter.ToUniversalTime(), authorities.Count);

            // SslStream wants a key that stands in a store of the system's.
            var usable = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), password: null);
            return new Loaded(SslStreamCertificateContext.Create(usable, chain, offline: true), authorities, writtenAt);
        }
        catch (Exception e) when (e is CryptographicException or UnauthorizedAccessException or FileNotFoundException or DirectoryNotFoundException or ArgumentException)
        {
            throw new IOException($"TLS files {certificateFile}, {keyFile}, {authoritiesFile}: {e.Message}", e);
        }
    }

    private bool IsTrusted(Loaded current, X509Certificate? certificate, X509Chain? sent, string usage, Action<string> refused)
    {
        if (certificate is not X509Certificate2 shown)
        {
            refused("no certificate was shown");
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(current.Authorities);
        if (sent is not null)
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = time.GetLocalNow().DateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(usage));
        if (chain.Build(shown))
            return true;
        refused($"certificate {shown.Subject} sha256:{shown.GetCertHashString(HashAlgorithmName.SHA256)}: {ReasonOf(chain, shown)}");
        return false;
    }

    private string ReasonOf(X509Chain chain, X509Certificate2 shown)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (shown.NotAfter.ToUniversalTime() < now)
            return $"expired on {shown.NotAfter.ToUniversalTime():u}";
        if (shown.NotBefore.ToUniversalTime() > now)
            return $"not valid before {shown.NotBefore.ToUniversalTime():u}";
        return string.Join(", ", chain.ChainStatus.Select(static s => s.Status == X509ChainStatusFlags.PartialChain || s.Status == X509ChainStatusFlags.UntrustedRoot
            ? "no known authority has signed it" : s.StatusInformation.Trim()));
    }

    private sealed record Loaded(SslStreamCertificateContext Context, X509Certificate2Collection Authorities, DateTime[] WrittenAt);
}

namespace Lease.Actors.Configuration;

/// <summary>PEM files for TLS with certificates on both sides.</summary>
/// <param name="CertificateFile">This side's certificate, with its chain.</param>
/// <param name="KeyFile">Its key.</param>
/// <param name="AuthoritiesFile">Who may have signed the other side's.</param>
public sealed record TlsFileNames(string CertificateFile, string KeyFile, string AuthoritiesFile);

using System.CommandLine;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Commands;

/// <summary>The options by which a requestor's commands name their TLS files.</summary>
internal static class TlsFiles
{
    private static readonly Option<string?> Certificate = new("--tls-certificate") { Description = "PEM file: begin with STARTTLS and show this certificate" };
    private static readonly Option<string?> Key = new("--tls-key") { Description = "PEM file of its private key" };
    private static readonly Option<string?> Authorities = new("--tls-authorities") { Description = "PEM file of those who may have signed the server's certificate" };

    public static void AddTo(Command command)
    {
        command.Options.Add(Certificate);
        command.Options.Add(Key);
        command.Options.Add(Authorities);
    }

    /// <summary>Reads the files; null when none are named.</summary>
    /// <exception cref="IOException">One is missing or not what it should be.</exception>
    public static TlsCertificates? Load(ParseResult parsed, ILogger logger)
    {
        var (certificate, key, authorities) = (parsed.GetValue(Certificate), parsed.GetValue(Key), parsed.GetValue(Authorities));
        if (certificate is null && key is null && authorities is null)
            return null;
        if (certificate is null || key is null || authorities is null)
            throw new IOException("--tls-certificate, --tls-key and --tls-authorities go together");
        return TlsCertificates.Load(certificate, key, authorities, TimeProvider.System, logger);
    }
}

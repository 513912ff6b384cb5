using Lease.Protocol;

namespace Lease.Transport.Tcp;

/// <summary>Settings of a <see cref="TcpServer"/>.</summary>
public sealed record TcpServerOptions
{
    /// <summary>Where to listen; <c>::</c> is every address.</summary>
    public required IReadOnlyList<Ipv6Address> Addresses { get; init; }

    /// <summary>TCP port; 0: chosen by the system.</summary>
    public required int Port { get; init; }

    /// <summary>Dispatcher of the actors.</summary>
    public required string Dispatcher { get; init; }

    /// <summary>A message must be whole after this time, counted from its first octet; a TLS handshake too.</summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Certificates; null: <see cref="Kernel.IO.IFrameConnection.StartTls"/> closes the connection.</summary>
    public TlsCertificates? Certificates { get; init; }
}

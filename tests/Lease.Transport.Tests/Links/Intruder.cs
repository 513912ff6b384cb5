using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Lease.Transport.Tcp;

namespace Lease.Transport.Tests.Links;

/// <summary>A connection with a node that says whatever a test likes, with TLS or without.</summary>
internal sealed class Intruder : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Socket socket;
    private Stream stream;

    private Intruder(Socket socket)
    {
        this.socket = socket;
        stream = new NetworkStream(socket, ownsSocket: true);
    }

    public static async Task<Intruder> ConnectAsync(TestNode node)
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.IPv6Loopback, node.Links.Port);
        return new Intruder(socket);
    }

    /// <summary>Connects as a node does.</summary>
    public static async Task<Intruder> ConnectAsync(TestNode node, TlsCertificates certificates)
    {
        var intruder = await ConnectAsync(node);
        await intruder.StartTlsAsync(certificates.ForClient("::1", static _ => { }));
        return intruder;
    }

    /// <summary>Waits for a node's connection and takes it.</summary>
    public static async Task<Intruder> AcceptAsync(Socket listener, TlsCertificates certificates)
    {
        var intruder = new Intruder(await listener.AcceptAsync().WaitAsync(Deadline));
        var secure = new SslStream(intruder.stream);
        await secure.AuthenticateAsServerAsync(certificates.ForServer(static _ => { })).WaitAsync(Deadline);
        intruder.stream = secure;
        return intruder;
    }

    public static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        listener.Listen();
        return listener;
    }

    public async Task StartTlsAsync(SslClientAuthenticationOptions options)
    {
        var secure = new SslStream(stream);
        stream = secure;
        await secure.AuthenticateAsClientAsync(options).WaitAsync(Deadline);
    }

    /// <summary>Shakes hands without a certificate, and takes whatever the node shows.</summary>
    public Task StartTlsWithoutCertificateAsync()
        => StartTlsAsync(new SslClientAuthenticationOptions { TargetHost = "::1", RemoteCertificateValidationCallback = static (_, _, _, _) => true, ClientCertificates = new X509CertificateCollection() });

    /// <summary>Says this, as far as the node listens.</summary>
    public async Task SayAsync(params byte[] octets)
    {
        try
        {
            await stream.WriteAsync(octets).AsTask().WaitAsync(Deadline);
        }
        catch (IOException)
        {
            // It has closed already.
        }
    }

    /// <summary>Says that nothing more will come.</summary>
    public void FinishWriting()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // It has closed already.
        }
    }

    /// <summary>Waits until the node closes the connection; what it says before is passed over.</summary>
    public async Task ClosedAsync()
    {
        try
        {
            var octets = new byte[1024];
            while (await stream.ReadAsync(octets).AsTask().WaitAsync(Deadline) > 0)
            {
                // On with it.
            }
        }
        catch (IOException)
        {
            // That is an end too.
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}

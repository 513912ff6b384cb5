using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Lease.Transport.Links;
using Lease.Transport.Tcp;

namespace Lease.Transport.Tests.Links;

/// <summary>A connection with a node that says whatever a test likes, with TLS or without.</summary>
internal sealed class Intruder : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private static readonly LinkIdentity Peer = new(TestNode.Cluster, "peer");

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

    /// <summary>Connects with TLS, and has said nothing yet.</summary>
    public static async Task<Intruder> ConnectSecurelyAsync(TestNode node, TlsCertificates certificates)
    {
        var intruder = await ConnectAsync(node);
        await intruder.StartTlsAsync(certificates.ForClient("::1", static _ => { }));
        return intruder;
    }

    /// <summary>Connects as node <c>peer</c> does.</summary>
    public static async Task<Intruder> ConnectAsync(TestNode node, TlsCertificates certificates)
    {
        var intruder = await ConnectSecurelyAsync(node, certificates);
        await Greeting.SayAsync(intruder.stream, Peer, node.Address.NodeId);
        await Greeting.HearAsync(intruder.stream).WaitAsync(Deadline);
        return intruder;
    }

    /// <summary>Waits for a node's connection and takes it as node <c>peer</c> does.</summary>
    public static async Task<Intruder> AcceptAsync(Socket listener, TlsCertificates certificates)
    {
        var intruder = await AcceptSecurelyAsync(listener, certificates);
        var hello = await Greeting.HearAsync(intruder.stream).WaitAsync(Deadline);
        await Greeting.SayAsync(intruder.stream, Peer, hello.NodeId);
        return intruder;
    }

    /// <summary>Waits for a node's connection and takes it with TLS, and has said nothing yet.</summary>
    public static async Task<Intruder> AcceptSecurelyAsync(Socket listener, TlsCertificates certificates)
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

    /// <summary>What the node says next.</summary>
    public async Task<byte[]> HearAsync(int octets)
    {
        var heard = new byte[octets];
        await stream.ReadExactlyAsync(heard).AsTask().WaitAsync(Deadline);
        return heard;
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

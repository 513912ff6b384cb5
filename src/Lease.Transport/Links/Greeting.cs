using System.Text;
using Google.Protobuf;

namespace Lease.Transport.Links;

/// <summary>Who a node is on its links.</summary>
/// <param name="ClusterId">Its cluster, as its database knows it.</param>
/// <param name="NodeId">Its name in the configuration.</param>
public sealed record LinkIdentity(Guid ClusterId, string NodeId);

/// <summary>
/// The opening of a link: each side says which node of which cluster it is, so that no packet goes to a node that it is not for. The certificates do not tell: clusters may share an
/// authority, and a certificate need not carry its node's name.
/// </summary>
internal static class Greeting
{
    /// <summary>The greatest length of a hello, octets.</summary>
    public const int MaxLength = 4096;

    private static readonly MessageParser<Hello> Parser = Hello.Parser.WithDiscardUnknownFields(discardUnknownFields: true);

    /// <summary>
    /// The first octets of each side: the protocol and its version. Nodes of the first version began with a frame, without preface and hello; they take this for the length of a frame
    /// that is too long, and close the connection.
    /// </summary>
    public static ReadOnlySpan<byte> Preface => "lease/2\n"u8;

    /// <summary>Says who is here.</summary>
    /// <param name="stream">The connection, after the TLS handshake.</param>
    /// <param name="self">This node.</param>
    /// <param name="peerId">Name of the node that this one takes the other for.</param>
    /// <exception cref="IOException">The connection is gone.</exception>
    public static async Task SayAsync(Stream stream, LinkIdentity self, string peerId)
    {
        var hello = new Hello { ClusterId = self.ClusterId.ToString(), NodeId = self.NodeId, PeerId = peerId };
        var octets = new byte[Preface.Length + NodeFrame.SizeOf(hello)];
        Preface.CopyTo(octets);
        NodeFrame.Write(hello, octets.AsSpan(Preface.Length));
        await stream.WriteAsync(octets);
    }

    /// <summary>Hears who is there.</summary>
    /// <param name="stream">The connection, after the TLS handshake.</param>
    /// <exception cref="IOException">It says nothing, or nothing that this version understands; the message says what.</exception>
    public static async Task<Hello> HearAsync(Stream stream)
    {
        var preface = await ReadAsync(stream, Preface.Length);
        if (!preface.AsSpan().SequenceEqual(Preface))
            throw new IOException(StrangeOpening(preface));
        try
        {
            var length = NodeFrame.ReadLength(await ReadAsync(stream, NodeFrame.HeaderSize), MaxLength);
            var hello = Parser.ParseFrom(await ReadAsync(stream, length));
            if (!Guid.TryParseExact(hello.ClusterId, "D", out _) || !IsName(hello.NodeId) || !IsName(hello.PeerId))
                throw new MalformedFrameException(FrameDefect.Value, "a cluster or a node is not named in it");
            return hello;
        }
        catch (Exception e) when (e is MalformedFrameException or InvalidProtocolBufferException)
        {
            throw new IOException($"its hello cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Looks whether the connection has come to where it should.</summary>
    /// <param name="hello">The other's.</param>
    /// <param name="self">This node.</param>
    /// <param name="wanted">Name of the node that was to be reached.</param>
    /// <param name="found">Name of the node that was.</param>
    /// <exception cref="IOException">It has not.</exception>
    public static void Check(Hello hello, LinkIdentity self, string wanted, string found)
    {
        if (hello.ClusterId != self.ClusterId.ToString())
            throw new IOException($"node {hello.NodeId} is of cluster {hello.ClusterId}, and {self.NodeId} of {self.ClusterId}");
        if (wanted != found)
            throw new IOException($"it was to be node {wanted}, and {found} has answered: one of the two is configured with the other's address");
    }

    // What goes to the log.
    private static bool IsName(string text) => text.Length > 0 && !text.Any(char.IsControl);

    private static string StrangeOpening(ReadOnlySpan<byte> octets)
    {
        // The length of a frame, which is less than 2^24.
        if (octets[0] == 0)
            return "it runs an earlier version of Lease, whose links are others: upgrade it too";
        return octets.StartsWith(Preface[..6])
            ? $"its links are of version {Encoding.ASCII.GetString(octets[6..]).Trim()}, this node's of version 2: upgrade the older one"
            : $"it does not begin as a node does: {Convert.ToHexStringLower(octets)}";
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int length)
    {
        var octets = new byte[length];
        try
        {
            await stream.ReadExactlyAsync(octets);
            return octets;
        }
        catch (IOException e)
        {
            throw new IOException("it closed the connection without saying who it is: it runs an earlier version, or its log says why", e);
        }
    }
}

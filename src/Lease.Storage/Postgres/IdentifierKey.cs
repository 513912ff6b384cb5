using System.Security.Cryptography;

namespace Lease.Storage.Postgres;

/// <summary>
/// What relays and clients say to identify themselves, as it stands in an indexed column. A row of PostgreSQL's B-trees has at most 2,704 octets, and a remote-id may be as long as a
/// datagram: of a long one the column has the SHA-256. Who reads the rows compares with the whole identifier, which is in the payload.
/// </summary>
internal static class IdentifierKey
{
    private const int MaxPlain = 255;

    /// <summary>The identifier itself, or its digest.</summary>
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> identifier) => identifier.Length <= MaxPlain ? identifier : SHA256.HashData(identifier);

    /// <summary>The identifier itself, or its digest; null for none.</summary>
    public static ReadOnlyMemory<byte>? Of(ReadOnlyMemory<byte>? identifier) => identifier is { Length: > MaxPlain } some ? SHA256.HashData(some.Span) : identifier;
}

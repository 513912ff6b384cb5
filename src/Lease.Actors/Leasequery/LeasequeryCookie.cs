using System.Buffers.Binary;
using System.Security.Cryptography;
using Lease.Kernel.Persistence;

namespace Lease.Actors.Leasequery;

/// <summary>
/// OPTION_LQ_COOKIE (leasequery draft section 4.5): how far the answers to a query have come. Nothing is kept for it: it holds the position itself, the newest row when the series began
/// (so that it ends although clients come meanwhile), and a proof that this server gave it for this query. Rows keep their numbers, so it outlives restarts.
/// </summary>
/// <param name="key">A secret of this server, the same after a restart.</param>
public sealed class LeasequeryCookie(byte[] key)
{
    /// <summary>Octets of a cookie: row u64, address 16, length u8, newest row u64, ports u32, proof 8.</summary>
    public const int Size = FieldsSize + ProofSize;

    private const int FieldsSize = 37;
    private const int ProofSize = 8;

    /// <summary>Writes the cookie for the rest of the answer to <paramref name="query"/> (the octets of LQ_QUERY).</summary>
    public void Write(Span<byte> cookie, WalkPosition position, long newestRow, ReadOnlySpan<byte> query)
    {
        BinaryPrimitives.WriteInt64BigEndian(cookie, position.RowId);
        BinaryPrimitives.WriteUInt128BigEndian(cookie[8..], position.Address);
        cookie[24] = position.Length;
        BinaryPrimitives.WriteInt64BigEndian(cookie[25..], newestRow);
        BinaryPrimitives.WriteUInt32BigEndian(cookie[33..], position.Ports);
        Prove(cookie[..FieldsSize], query, cookie.Slice(FieldsSize, ProofSize));
    }

    /// <summary>Reads a cookie; false when this server did not give it for this query: StaleCookie.</summary>
    public bool TryRead(ReadOnlySpan<byte> cookie, ReadOnlySpan<byte> query, out WalkPosition position, out long newestRow)
    {
        position = default;
        newestRow = 0;
        Span<byte> proof = stackalloc byte[ProofSize];
        if (cookie.Length != Size)
            return false;
        Prove(cookie[..FieldsSize], query, proof);
        if (!CryptographicOperations.FixedTimeEquals(proof, cookie[FieldsSize..]))
            return false;
        position = new WalkPosition(
            BinaryPrimitives.ReadInt64BigEndian(cookie), BinaryPrimitives.ReadUInt128BigEndian(cookie[8..]), cookie[24], BinaryPrimitives.ReadUInt32BigEndian(cookie[33..]));
        newestRow = BinaryPrimitives.ReadInt64BigEndian(cookie[25..]);
        return true;
    }

    private void Prove(ReadOnlySpan<byte> fields, ReadOnlySpan<byte> query, Span<byte> proof)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(fields);
        hash.AppendData(query);
        Span<byte> whole = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(whole);
        whole[..ProofSize].CopyTo(proof);
    }
}

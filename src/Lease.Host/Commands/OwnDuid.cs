using System.Security.Cryptography;
using System.Text;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Commands;

/// <summary>The DUID of this host as a requestor: made of its name, so that it is the same in every run and servers' logs can be read.</summary>
internal static class OwnDuid
{
    public static byte[] Value { get; } = Duid.MakeUuid(new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(Environment.MachineName)).AsSpan(0, 16)));
}

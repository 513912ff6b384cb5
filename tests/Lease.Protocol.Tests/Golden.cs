using System.Globalization;

namespace Lease.Protocol.Tests;

/// <summary>The packets of tests/golden: see its README.md.</summary>
internal static class Golden
{
    private static readonly string Folder = Find();

    /// <summary>Names of all packets, without extension.</summary>
    public static IEnumerable<string> Names => Directory.EnumerateFiles(Folder, "*.hex").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!;

    public static bool IsMalformed(string name) => name.StartsWith("malformed-", StringComparison.Ordinal);

    public static string DumpPath(string name) => Path.Combine(Folder, name + ".txt");

    public static byte[] Packet(string name)
    {
        var octets = new List<byte>();
        foreach (var line in File.ReadLines(Path.Combine(Folder, name + ".hex")))
        {
            var digits = line.Split('#')[0];
            octets.AddRange(digits.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(octet => byte.Parse(octet, NumberStyles.HexNumber)));
        }

        return [.. octets];
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var golden = Path.Combine(folder.FullName, "tests", "golden", "dhcp6");
            if (Directory.Exists(golden))
                return golden;
        }

        throw new DirectoryNotFoundException("tests/golden/dhcp6");
    }
}

using System.Globalization;

namespace Lease.Protocol.Tests;

/// <summary>The packets of tests/golden: see its README.md.</summary>
internal static class Golden
{
    private static readonly string Folder = Find();

    /// <summary>Names of the DHCPv6 packets, without extension.</summary>
    public static IEnumerable<string> Names => NamesIn("dhcp6");

    /// <summary>Names of the DHCPv4 packets, with their folder.</summary>
    public static IEnumerable<string> Dhcp4Names => NamesIn("dhcp4").Select(static name => "dhcp4/" + name);

    public static bool IsMalformed(string name) => name.Contains("malformed-", StringComparison.Ordinal);

    public static string DumpPath(string name) => PathOf(name, ".txt");

    public static byte[] Packet(string name)
    {
        var octets = new List<byte>();
        foreach (var line in File.ReadLines(PathOf(name, ".hex")))
        {
            var digits = line.Split('#')[0];
            octets.AddRange(digits.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(octet => byte.Parse(octet, NumberStyles.HexNumber)));
        }

        return [.. octets];
    }

    private static IEnumerable<string> NamesIn(string folder)
        => Directory.EnumerateFiles(Path.Combine(Folder, folder), "*.hex").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!;

    private static string PathOf(string name, string extension) => Path.Combine(Folder, name.Contains('/', StringComparison.Ordinal) ? "" : "dhcp6", name + extension);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var golden = Path.Combine(folder.FullName, "tests", "golden");
            if (Directory.Exists(golden))
                return golden;
        }

        throw new DirectoryNotFoundException("tests/golden");
    }
}

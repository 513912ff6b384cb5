using System.CommandLine;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Commands;

/// <summary><c>lease cluster init DIR --nodes n1,n2,n3</c>: makes the certificates by which the nodes of a cluster know each other. What is there already is kept.</summary>
internal static class ClusterInitCommand
{
    private const int MostDays = 36_500;

    private static readonly Argument<string> Target = new("DIR") { Description = "where the files are, or are made" };
    private static readonly Option<string> Nodes = new("--nodes") { Description = "names of the nodes: n1,n2,n3", Required = true };
    private static readonly Option<int> Days = new("--days") { Description = "how long what is made now is valid", DefaultValueFactory = static _ => 3650 };

    public static Command Create()
    {
        var command = new Command("init", "make an authority and a certificate for each node; what is there is kept") { Target, Nodes, Days };
        command.SetAction(static parsed => Run(parsed.GetValue(Target)!, parsed.GetValue(Nodes)!, parsed.GetValue(Days)));
        return command;
    }

    private static int Run(string directory, string nodes, int days)
    {
        var names = nodes.Split(',', StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal).ToArray();
        if (Problem(names, days) is { } problem)
        {
            Console.Error.WriteLine(problem);
            return ExitCode.WrongUsage;
        }

        try
        {
            Directory.CreateDirectory(directory);
            using var authority = ClusterAuthority.Open(directory, TimeSpan.FromDays(days), TimeProvider.System);
            Print(authority.Made);
            foreach (var name in names)
                Print(authority.Issue(name, TimeSpan.FromDays(days)));
            return ExitCode.Done;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(OctetText.Escape(e.Message));
            return ExitCode.Failed;
        }
    }

    private static void Print(CertificateFile file) => Console.WriteLine($"{(file.IsNew ? "made" : "kept")} {file.Path}, valid until {file.Until:yyyy-MM-dd}");

    private static string? Problem(string[] names, int days)
    {
        if (days is < 1 or > MostDays)
            return $"--days must be from 1 to {MostDays}";
        return names.FirstOrDefault(static name => !ClusterAuthority.IsName(name)) is { } wrong
            ? $"--nodes: \"{wrong}\" is no name of a node: must be letters, digits, '.', '-' and '_', at most {ClusterAuthority.MaxName}, begin with a letter or digit, and neither be ca nor end in -key"
            : null;
    }
}

using System.CommandLine;
using Lease.Actors.Configuration;

namespace Lease.Host.Commands;

/// <summary><c>lease check FILE</c>: says everything that is wrong with a configuration, and what it would serve.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "the configuration file" };
        var command = new Command("check", "check a configuration file") { file };
        command.SetAction(parsed => Run(parsed.GetValue(file)!));
        return command;
    }

    private static int Run(string file)
    {
        var result = ConfigurationFile.Read(file);
        foreach (var problem in result.Problems)
            Console.Error.WriteLine(problem);
        if (result.Configuration is not { } configuration)
            return ExitCode.Failed;
        foreach (var link in configuration.Dhcp6.Links)
        {
            foreach (var subnet in link.Subnets)
                Console.WriteLine($"link {link.Name}: {Describe(subnet)}");
        }

        Console.WriteLine($"{file}: good");
        return ExitCode.Done;
    }

    private static string Describe(Subnet subnet)
        => $"subnet {subnet.Id} {subnet.Prefix}, {subnet.Pools.Length} pools, {subnet.PrefixPools.Length} prefix pools, {subnet.Reservations.All.Count} reservations";
}

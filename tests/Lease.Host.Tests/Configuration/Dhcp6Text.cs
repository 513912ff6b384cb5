using Lease.Actors.Configuration;
using Lease.Host.Configuration;

namespace Lease.Host.Tests.Configuration;

/// <summary>Reads configurations of which a test gives only what it is about.</summary>
internal static class Dhcp6Text
{
    /// <summary>The first error of what must be refused.</summary>
    public static ConfigurationProblem Refused(string body)
    {
        var result = Read(body);
        result.Configuration.ShouldBeNull();
        return result.Problems.First(static p => p.Severity == Severity.Error);
    }

    /// <summary>What is read without a problem.</summary>
    public static Dhcp6Configuration Service(string body)
    {
        var result = Read(body);
        result.Problems.ShouldBeEmpty();
        return result.Configuration!.Dhcp6;
    }

    /// <summary>Whatever comes of it.</summary>
    public static ConfigurationResult Read(string body)
        => ConfigurationReader.Read($$"""{"Dhcp6": {"interfaces-config": {"interfaces": ["eth0"]}, {{body}} } }""", "test.json");
}

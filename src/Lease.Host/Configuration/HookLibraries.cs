namespace Lease.Host.Configuration;

/// <summary>
/// Kea's <c>hooks-libraries</c>: what some libraries do is built in here, and naming them switches it on. The others have no effect.
/// </summary>
internal static class HookLibraries
{
    public const string Leasequery = "libdhcp_lease_query.so";
    public const string Bootp = "libdhcp_bootp.so";

    /// <summary>The entries for <paramref name="library"/>, with their parameters. Each other one is a warning.</summary>
    public static List<(ConfigurationNode Hook, ConfigurationNode? Parameters)> Read(ConfigurationNode service, string library)
    {
        var found = new List<(ConfigurationNode, ConfigurationNode?)>();
        foreach (var hook in service.Objects("hooks-libraries"))
        {
            var name = hook.Text("library") ?? "";
            var parameters = hook.Object("parameters");
            hook.RefuseUnknown();
            if (name.EndsWith(library, StringComparison.Ordinal))
                found.Add((hook, parameters));
            else
                hook.Warn("library", ServiceReader.NoEffect);
        }

        return found;
    }
}

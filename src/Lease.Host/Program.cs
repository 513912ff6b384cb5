using System.CommandLine;
using Lease.Host.Commands;

var root = new RootCommand("Lease: a clustered DHCP lease service for IPv6 networks")
{
    DemoCommand.Create(),
    CheckCommand.Create(),
    ServeCommand.Create(),
    LoadCommand.Create(),
    QueryCommand.Create(),
    MirrorCommand.Create(),
    LwaftrCommand.Create(),
    ClientCommand.Create(),
    RelayCommand.Create(),
    ClusterCommand.Create(),
};
var parsed = root.Parse(args);
return parsed.Errors.Count > 0 && parsed.Invoke() != 0
    ? ExitCode.WrongUsage
    : await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

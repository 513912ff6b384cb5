using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
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

RefuseEmpty(root);

// What runs ends in order, also as the first process of a container, where a signal that is not handled does nothing. A second one ends it at once.
using var stop = new CancellationTokenSource();
using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
void End(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}

// Each text names something: a file, an address, a name.
static void RefuseEmpty(Command command)
{
    foreach (var argument in command.Arguments)
        argument.Validators.Add(static result => Refuse(result, result.Argument.Name));
    foreach (var option in command.Options)
        option.Validators.Add(static result => Refuse(result, result.Option.Name));
    foreach (var inner in command.Subcommands)
        RefuseEmpty(inner);
}

static void Refuse(SymbolResult result, string name)
{
    if (result.Tokens.Any(static token => token.Value.Length == 0))
        result.AddError($"{name} must not be empty");
}

var parsed = root.Parse(args);
return parsed.Errors.Count > 0 && parsed.Invoke() != 0
    ? ExitCode.WrongUsage
    : await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null }, stop.Token);

using System.CommandLine;
using System.Runtime.InteropServices;
using RaftStream.Lab;
using RaftStream.Lab.Bench;
using RaftStream.Lab.Cap;
using RaftStream.Lab.Check;
using RaftStream.Lab.Checkpoints;
using RaftStream.Lab.Crashes;
using RaftStream.Lab.Explore;
using RaftStream.Lab.Fuzz;
using RaftStream.Lab.Install;
using RaftStream.Lab.Mutants;
using RaftStream.Lab.NodeUnderTest;
using RaftStream.Lab.Pause;
using RaftStream.Lab.Sim;
using RaftStream.Lab.Sinks;
using RaftStream.Lab.Soak;
using RaftStream.Lab.Torture;

var root = new RootCommand("The laboratory of RaftStream: simulations, benchmarks and fault tests.")
{
    SimCommand.Create(), ExploreCommand.Create(), MutantsCommand.Create(), CheckCommand.Create(), CrashesCommand.Create(), SinksCommand.Create(), FuzzCommand.Create(),
    BenchCommand.Create(), InstallCommand.Create(), PauseCommand.Create(), CheckpointsCommand.Create(), CapCommand.Create(), TortureCommand.Create(), SoakCommand.Create(), NodeUnderTestCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    await Console.Error.WriteLineAsync(parsed.Errors[0].Message);
    return ExitCodes.BadUsage;
}

// Signals are ours, from before a command starts anything: it must be able to end its processes and delete its folders, however long
// that takes. A second signal ends the program at once. The source is not disposed: a signal may come as late as the very end.
var stop = new CancellationTokenSource();
using var interrupt = Watch(PosixSignal.SIGINT);
using var terminate = Watch(PosixSignal.SIGTERM);
using var hangup = Watch(PosixSignal.SIGHUP);
try
{
    return await parsed.InvokeAsync(new() { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false }, stop.Token);
}
catch (Exception failure)
{
    // Not the 1 of a violation: whoever reads exit codes must not take a fault of the laboratory for one of what it looked at.
    await Console.Error.WriteLineAsync($"raftstream-lab: a fault of the laboratory itself: {failure}");
    return ExitCodes.Internal;
}

PosixSignalRegistration Watch(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
{
    context.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
});

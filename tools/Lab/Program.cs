using System.CommandLine;
using RaftStream.Lab;
using RaftStream.Lab.Bench;
using RaftStream.Lab.Sim;

var root = new RootCommand("The laboratory of RaftStream: simulations, benchmarks and fault tests.") { SimCommand.Create(), BenchCommand.Create() };
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    await Console.Error.WriteLineAsync(parsed.Errors[0].Message);
    return ExitCodes.BadUsage;
}

// After Ctrl-C a command may have processes to end and folders to delete: more than the two seconds it would get.
return await parsed.InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromSeconds(20) });

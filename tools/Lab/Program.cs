using System.CommandLine;
using RaftStream.Lab;
using RaftStream.Lab.Sim;

var root = new RootCommand("The laboratory of RaftStream: simulations, benchmarks and fault tests.") { SimCommand.Create() };
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    await Console.Error.WriteLineAsync(parsed.Errors[0].Message);
    return ExitCodes.BadUsage;
}

return await parsed.InvokeAsync();

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;

namespace RaftStream.Node.Commands;

/// <summary><c>raftstream sum</c>: the sum over the counters whose keys are integers in a range, linearizably unless another level is asked for.</summary>
internal static class SumCommand
{
    private static readonly Argument<long> From = new("from") { Description = "The smallest key." };
    private static readonly Argument<long> To = new("to") { Description = "The largest key." };

    public static Command Build()
    {
        var command = new Command("sum", "Prints the sum of the counters whose keys are whole numbers in a range, both ends included.")
        {
            From, To, ReadOptions.Consistency, ReadOptions.MaxAge, ReadOptions.Token, ClientCommand.Server, ClientAccess.TokenFile, ClientAccess.Authority, ClientAccess.Certificate, ClientAccess.Key, ClientCommand.Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var (from, to) = (parsed.GetValue(From), parsed.GetValue(To));
        var level = ReadOptions.Level(parsed);
        using var cluster = ClientCommand.Connect(parsed);
        var sum = await cluster.ReadAsync((node, patience) => node.RangeSumAsync(from, to, patience, stop, level), stop);
        Console.Out.WriteLine(parsed.GetValue(ClientCommand.Json)
            ? JsonSerializer.Serialize(sum, NodeJson.Default.RangeSumJson)
            : string.Create(CultureInfo.InvariantCulture, $"{sum.Sum} in {sum.Count:N0} counters, as of log index {sum.Index}"));
        ReadOptions.Tell(level, cluster.Stamp);
        return ExitCodes.Fine;
    }
}

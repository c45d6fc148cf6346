using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RaftStream.Hosting.Http;
using Spectre.Console;

namespace RaftStream.Node.Commands;

/// <summary><c>raftstream top</c>: the largest counters, linearizably unless another level is asked for.</summary>
internal static class TopCommand
{
    private static readonly Option<int> Limit = new("--limit")
    {
        Description = $"How many rows, 1 to {CounterEndpoints.MaxTop}.",
        HelpName = "N",
        DefaultValueFactory = _ => 20,
    };

    public static Command Build()
    {
        var command = new Command("top", "Prints the largest counters.")
        {
            Limit, ReadOptions.Consistency, ReadOptions.MaxAge, ReadOptions.Token, ClientCommand.Server, ClientAccess.TokenFile, ClientAccess.Authority, ClientAccess.Certificate, ClientAccess.Key, ClientCommand.Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var limit = parsed.GetValue(Limit);
        if (limit is < 1 or > CounterEndpoints.MaxTop)
            throw new UsageException($"--limit {limit} is not possible: give a number from 1 to {CounterEndpoints.MaxTop}.");
        var level = ReadOptions.Level(parsed);
        using var cluster = ClientCommand.Connect(parsed);
        var top = await cluster.ReadAsync((node, patience) => node.TopAsync(limit, patience, stop, level), stop);
        if (parsed.GetValue(ClientCommand.Json))
            Console.Out.WriteLine(JsonSerializer.Serialize(top, NodeJson.Default.TopJson));
        else
            Show(top);
        ReadOptions.Tell(level, cluster.Stamp);
        return ExitCodes.Fine;
    }

    private static void Show(TopJson top)
    {
        var table = new Table().AddColumn(new TableColumn("count").RightAligned()).AddColumn("key");
        foreach (var row in top.Top)
            table.AddRow(row.Count.ToString("N0", CultureInfo.InvariantCulture), Markup.Escape(row.Word));
        AnsiConsole.Write(table);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{top.Distinct:N0} counters, {top.Total:N0} in all, as of log index {top.Index}"));
    }
}

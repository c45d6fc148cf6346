using System.CommandLine;
using System.Text.Json;
using RaftStream.Node.Commands;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Install;

/// <summary><c>raftstream-lab install</c>: what it costs the writers of a cluster when a new node fetches a large state.</summary>
internal static class InstallCommand
{
    public static Command Create()
    {
        var keys = new Option<int>("--keys") { Description = "Distinct keys of 32 bytes in the state; 24 million take about a gigabyte.", DefaultValueFactory = static _ => 24_000_000 };
        var workers = new Option<int>("--writers") { Description = "Clients that write one after another.", DefaultValueFactory = static _ => 8 };
        var seconds = new Option<int>("--seconds") { Description = "How long the usual latency is measured.", DefaultValueFactory = static _ => 15 };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object instead of text." };
        var command = new Command("install", "Fills a cluster of three processes, adds a fourth, and compares the latency of writes meanwhile with the usual.") { keys, workers, seconds, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (count, writers, length) = (parsed.GetValue(keys), parsed.GetValue(workers), parsed.GetValue(seconds));
            if (count is < 1000 or > 100_000_000 || writers is < 1 or > 256 || length is < 1 or > 600)
            {
                await Console.Error.WriteLineAsync("--keys goes from 1000 to 100000000, --writers from 1 to 256, --seconds from 1 to 600.");
                return ExitCodes.BadUsage;
            }

            try
            {
                var figures = await InstallRun.RunAsync(count, writers, TimeSpan.FromSeconds(length), cancellation);
                Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(figures, LabJson.Options) : figures.ToText());
                return ExitCodes.Fine;
            }
            catch (UndecidedException undecided)
            {
                await Console.Error.WriteLineAsync(undecided.Message);
                return ExitCodes.Undecided;
            }
        });
        return command;
    }
}

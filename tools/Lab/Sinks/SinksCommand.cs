using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RaftStream.Testing;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Sinks;

/// <summary><c>raftstream-lab sinks</c>: kills nodes at every place where they change a disk while a job writes its file sink.</summary>
internal static class SinksCommand
{
    private const int MaxSeeds = 1_000_000;

    public static Command Create()
    {
        var seed = new Option<ulong>("--seed") { Description = "The first seed.", DefaultValueFactory = static _ => 1 };
        var runs = new Option<int>("--runs") { Description = $"How many seeds, 1 to {MaxSeeds}.", DefaultValueFactory = static _ => 1 };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object instead of text." };
        var command = new Command("sinks", "Kills the leader, the reader's node and another one at every place where a node changes a disk, while a job writes its file sink.") { seed, runs, json };
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(parsed.GetValue(seed), parsed.GetValue(runs), parsed.GetValue(json), cancellation)));
        return command;
    }

    private static int Run(ulong seed, int runs, bool json, CancellationToken cancellation)
    {
        if (runs is < 1 or > MaxSeeds)
        {
            Console.Error.WriteLine($"--runs {runs} is out of range: give 1 to {MaxSeeds}.");
            return ExitCodes.BadUsage;
        }

        var watch = Stopwatch.StartNew();
        var (places, records, current) = (0L, 0L, seed);
        Exception? violation = null;
        try
        {
            for (; current < seed + (ulong)runs; current++)
            {
                var report = SinkCrashes.Run(current, cancellation);
                (places, records) = (places + report.Places, records + report.Records);
            }
        }
        catch (Exception broken) when (broken is not OperationCanceledException)
        {
            violation = broken; // Whatever it is, it would have ended a real node.
        }

        if (json)
            PrintJson(places, records, current, violation, watch.Elapsed);
        else
            PrintText(places, records, current, violation, watch.Elapsed);
        return violation is null ? ExitCodes.Fine : ExitCodes.Violation;
    }

    private static string InvariantOf(Exception broken) => broken is ViolationException violation ? violation.Invariant : "NoException";

    private static void PrintJson(long places, long records, ulong seed, Exception? violation, TimeSpan elapsed) => Console.WriteLine(JsonSerializer.Serialize(
        new
        {
            ok = violation is null,
            crashes = places,
            records,
            seconds = Math.Round(elapsed.TotalSeconds, 1),
            violation = violation is null ? null : new { seed, invariant = InvariantOf(violation), message = violation.Message },
        },
        LabJson.Options));

    private static void PrintText(long places, long records, ulong seed, Exception? violation, TimeSpan elapsed) => Console.WriteLine(violation is null
        ? string.Create(CultureInfo.InvariantCulture, $"{places:N0} crashes, {records:N0} records: each stands once in every replica's files ({elapsed.TotalSeconds:0.0} s).")
        : $"WRONG: seed {seed} breaks {InvariantOf(violation)}: {violation.Message}\nReplay: dotnet run -c Release --project tools/Lab -- sinks --seed {seed}");
}

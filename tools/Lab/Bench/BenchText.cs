using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace RaftStream.Lab.Bench;

/// <summary>All that a bench found. Errors and unknown ends are in its runs.</summary>
internal sealed record BenchReport(string Mode, int Nodes, int ValueBytes, int Seconds, Hardware Hardware, IReadOnlyList<RunReport> Runs);

/// <summary>What a bench prints at its end.</summary>
internal static class BenchText
{
    // A table cut to the 80 columns of an output that is no terminal would break its numbers.
    private const int NarrowestTable = 130;

    public static void Print(BenchReport report, bool json)
    {
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(report, LabJson.Options));
        else
            PrintTable(report);
    }

    /// <summary>Prints a table whole, however narrow the output is.</summary>
    public static void Write(Table table)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        console.Profile.Width = Math.Max(console.Profile.Width, NarrowestTable);
        console.Write(table);
    }

    private static void PrintTable(BenchReport report)
    {
        var hardware = report.Hardware;
        Say($"{report.Nodes} nodes, {Way(report.Mode)}; keys of {report.ValueBytes} bytes; {report.Seconds} s a run");
        Say(hardware.InWords());
        var table = new Table().Border(TableBorder.Ascii2);
        foreach (var title in new[] { "in flight", "ops/s", "p50 ms", "p99 ms", "syncs/s", "ops/sync", "bytes/op", "errors", "unknown", "verified" })
            table.AddColumn(new TableColumn(title).RightAligned());
        foreach (var run in report.Runs)
        {
            table.AddRow(
                Number(run.Inflight, "0"), Number(run.OpsPerSecond, "N0"), Number(run.P50Ms, "0.00"), Number(run.P99Ms, "0.00"), Number(run.SyncsPerSecond, "N0"),
                Number(run.OpsPerSync, "0.0"), Number(run.AllocatedBytesPerOp, "N0"), Number(run.Errors, "N0"), Number(run.Unknown, "N0"), run.Verified ? "yes" : "NO");
        }

        Write(table);
        Say($"syncs: the leader's log. bytes/op: allocated on the managed heap by {(report.Mode == "direct" ? "this process, all replicas and callers" : "the leader's process")}.");
        if (report.Runs.Any(run => run.LeaderChanged))
            Say("The leadership moved during a run: its leader's figures are left out. The machine was too busy for an election timeout.");
    }

    private static string Way(string mode) => mode switch
    {
        "direct" => "all in this process with the callers",
        "client" => "a process each, increments through the .NET client to the leader",
        _ => "a process each, increments over HTTP to the leader",
    };

    private static void Say(string text) => Console.Out.WriteLine(text);

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}

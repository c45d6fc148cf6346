using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace RaftStream.Lab.Bench.Scale;

/// <summary>What a bench of scaling prints.</summary>
internal static class ScaleText
{
    public static void Print(ScaleReport report, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(report, LabJson.Options));
            return;
        }

        Console.Out.WriteLine($"all nodes and the load in one process, {report.Seconds} s each");
        Console.Out.WriteLine(report.Hardware.InWords());
        var table = new Table().Border(TableBorder.Ascii2);
        table.AddColumn("what");
        foreach (var title in new[] { "nodes", "partitions", "a second", "cores used" })
            table.AddColumn(new TableColumn(title).RightAligned());
        foreach (var run in report.Runs)
            table.AddRow(run.What, Number(run.Nodes, "0"), Number(run.Partitions, "0"), Number(run.PerSecond, "N0"), run.CpuSaturation is { } share ? Number(share, "P0") : "unknown");
        BenchText.Write(table);
        foreach (var (name, ratio) in report.Ratios)
            Console.Out.WriteLine($"{name}: {Number(ratio, "0.00")}");
        if (report.LeaderChanged)
            Console.Out.WriteLine("A leadership moved meanwhile, and the figures mean little: the machine was too busy for an election timeout.");
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

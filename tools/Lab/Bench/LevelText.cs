using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace RaftStream.Lab.Bench;

/// <summary>What a bench of the levels prints.</summary>
internal static class LevelText
{
    public static void Print(LevelsReport report, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(report, LabJson.Options));
            return;
        }

        Console.Out.WriteLine($"{report.Nodes} nodes, a process each; one operation at a time over HTTP, {report.Seconds} s each");
        Console.Out.WriteLine(report.Hardware.InWords());
        var table = new Table().Border(TableBorder.Ascii2);
        table.AddColumn("level");
        table.AddColumn("asked");
        foreach (var title in new[] { "ops", "p50 ms", "p99 ms", "messages/op", "errors", "verified" })
            table.AddColumn(new TableColumn(title).RightAligned());
        foreach (var level in report.Levels)
        {
            table.AddRow(
                level.Level, level.At, Number(level.Operations, "N0"), Number(level.P50Ms, "0.00"), Number(level.P99Ms, "0.00"), Number(level.MessagesPerOp, "0.0"), Number(level.Errors, "N0"),
                level.Verified ? "yes" : "NO");
        }

        BenchText.Write(table);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"messages: sent from node to node, over the {report.IdleMessagesPerSecond:0} a second of an idle cluster; a request that is passed on is two."));
        if (report.LeaderChanged)
            Console.Out.WriteLine("The leadership moved: who was asked as the leader was none all the time, and the figures mean little. The machine was too busy for an election timeout.");
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

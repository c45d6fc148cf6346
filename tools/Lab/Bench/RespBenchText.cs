using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace RaftStream.Lab.Bench;

/// <summary>What a bench of the Redis protocol prints.</summary>
internal static class RespBenchText
{
    public static void Print(RespBenchReport report, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(report, LabJson.Options));
            return;
        }

        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Nodes} nodes, a process each; redis-benchmark with {report.Connections} connections, {report.Keys:N0} keys, {report.Requests:N0} commands each, medians of {report.Repetitions} repetitions"));
        Console.Out.WriteLine(report.Hardware.InWords());
        var table = new Table().Border(TableBorder.Ascii2);
        table.AddColumn("command");
        table.AddColumn("server");
        foreach (var title in new[] { "pipeline", "commands/s", "least", "most", "p50 ms", "p99 ms" })
            table.AddColumn(new TableColumn(title).RightAligned());
        foreach (var run in report.Runs)
        {
            table.AddRow(
                run.Command, run.Server, Number(run.Pipeline, "0"), Number(run.PerSecond, "N0"), Number(run.LeastPerSecond, "N0"), Number(run.MostPerSecond, "N0"), Number(run.P50Ms, "0.00"),
                Number(run.P99Ms, "0.00"));
        }

        BenchText.Write(table);
        Console.Out.WriteLine(report.Skipped is { } reason
            ? "No figures of redis-server: " + reason
            : "redis-server: alone, appendfsync always. A write at a node is answered once a majority's disks have it; a read costs a round of the leader.");
        if (report.LeaderChanged)
            Console.Out.WriteLine("The leadership moved: who was asked as the leader was none all the time, and the figures mean little. The machine was too busy for an election timeout.");
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

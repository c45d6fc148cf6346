using System.Globalization;
using System.Text.Json;
using RaftStream.Testing;

namespace RaftStream.Lab.Explore;

/// <summary>What an exploration prints.</summary>
internal static class ExploreText
{
    /// <summary>How far it is.</summary>
    public static string Line(ExplorerProgress progress) => string.Create(
        CultureInfo.InvariantCulture,
        $"{progress.States:N0} states, {progress.Waiting:N0} waiting, depth {progress.Depth}, {progress.States / progress.Elapsed.TotalSeconds:N0} states/s, {progress.Bytes >> 20:N0} MiB");

    public static void Print(ExplorerReport report, bool json)
    {
        if (json)
            PrintJson(report);
        else
            PrintText(report);
    }

    private static void PrintJson(ExplorerReport report) => Console.WriteLine(JsonSerializer.Serialize(
        new
        {
            ok = report.Violation is null,
            exhausted = report.IsExhausted,
            ended = report.Ended,
            states = report.States,
            transitions = report.Transitions,
            depth = report.Depth,
            nodeStates = report.NodeStates,
            messages = report.Messages,
            seconds = Math.Round(report.Elapsed.TotalSeconds, 2),
            statesPerSecond = Math.Round(report.StatesPerSecond),
            memoryMiB = report.Bytes >> 20,
            violation = report.Violation is null ? null : new { invariant = report.Violation.Invariant, message = report.Violation.Message, transcript = report.Transcript },
        },
        LabJson.Options));

    private static void PrintText(ExplorerReport report)
    {
        foreach (var line in report.Transcript)
            Console.WriteLine(line);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.States:N0} states, depth {report.Depth}, {report.Transitions:N0} steps looked at, {report.Elapsed.TotalSeconds:0.0} s, {report.StatesPerSecond:N0} states/s, {report.Bytes >> 20:N0} MiB; of {report.NodeStates:N0} states of single nodes and {report.Messages:N0} messages."));
        if (report.Violation is { } violation)
            Console.WriteLine($"This breaks {violation.Invariant}: {violation.Message}");
        else
            Console.WriteLine(report.IsExhausted ? "Exhausted: every state within the bound was visited, and no promise is broken." : $"Not exhausted: {report.Ended} No promise is broken so far.");
    }
}

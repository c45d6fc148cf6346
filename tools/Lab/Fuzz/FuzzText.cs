using System.Globalization;
using System.Text.Json;

namespace RaftStream.Lab.Fuzz;

/// <summary>What a run of the fuzzer prints at its end.</summary>
internal static class FuzzText
{
    private const double Mebibyte = 1024 * 1024;

    public static void Print(FuzzPlan plan, FuzzReport report)
    {
        if (plan.Json)
            Console.WriteLine(JsonSerializer.Serialize(Json(plan, report), LabJson.Options));
        else
            PrintText(plan, report);
    }

    /// <summary>The command that runs the same again.</summary>
    private static string Replay(FuzzPlan plan) => string.Create(
        CultureInfo.InvariantCulture, $"dotnet run -c Release --project tools/Lab -- fuzz --frames {plan.Frames} --seed {plan.Seed}");

    private static object Json(FuzzPlan plan, FuzzReport report) => new
    {
        ok = report.IsClean,
        seed = plan.Seed,
        frames = report.Sent,
        framesPerSecond = Math.Round(report.Sent / report.Elapsed.TotalSeconds),
        received = report.Received,
        dropped = report.Dropped,
        soundPart = Math.Round(report.SoundPart, 3),
        byKind = report.ByKind,
        forwards = report.Forwards,
        connections = report.Connections,
        strangers = report.Strangers,
        leaderships = report.Leaderships,
        answers = report.Answers,
        silences = report.Silences,
        probes = report.Probes,
        peakWorkingSetBytes = report.PeakWorkingSet,
        largestHeapBytes = report.LargestHeap,
        seconds = Math.Round(report.Elapsed.TotalSeconds, 1),
        crash = report.Crash,
        replay = Replay(plan),
    };

    private static void PrintText(FuzzPlan plan, FuzzReport report)
    {
        foreach (var (kind, count) in report.ByKind)
            Line($"{count,14:N0}  {kind}");
        foreach (var (sentence, count) in report.Silences)
            Line($"{count,14:N0}  times silent: {sentence}");
        Line($"{report.Sent:N0} frames in {report.Elapsed.TotalSeconds:N0} s ({report.Sent / report.Elapsed.TotalSeconds:N0}/s) over {report.Connections:N0} connections, {report.Strangers:N0} strangers.");
        Line($"{report.Received:N0} arrived whole, {report.Dropped:N0} of them found no room; {report.SoundPart:P0} of a sample were messages to the core, or commands of the sender's outbox; {report.Forwards:N0} of all sent were for the log out of an outbox.");
        Line($"The node sent {report.Answers:N0} frames, won {report.Leaderships:N0} elections and answered a sane peer {report.Probes:N0} times.");
        Line($"Peak working set {report.PeakWorkingSet / Mebibyte:N0} MiB, largest managed heap after a collection {report.LargestHeap / Mebibyte:N0} MiB.");
        if (report.Crash is { } crash)
            Line($"CRASH: {crash}\nReplay: {Replay(plan)}");
        else if (!report.IsClean)
            Line($"The managed heap grew beyond {FuzzReport.HeapLimit / Mebibyte:N0} MiB.");
        else
            Line($"No crash.");
    }

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}

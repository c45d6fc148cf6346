using System.Globalization;
using System.Text.Json;

namespace RaftStream.Lab.Fuzz;

/// <summary>What a run against the ports prints.</summary>
internal static class PortFuzzText
{
    private const long Mebibyte = 1024 * 1024;

    /// <summary>One line while it runs.</summary>
    public static void Progress(IReadOnlyDictionary<string, long> inputs, TimeSpan elapsed, long peak) => Line(
        $"{inputs.Values.Sum():N0} inputs, {inputs.Values.Sum() / elapsed.TotalSeconds:N0}/s ({string.Join(", ", inputs.Select(static port => string.Create(CultureInfo.InvariantCulture, $"{port.Key} {port.Value:N0}")))}), node {peak / Mebibyte:N0} MiB");

    /// <summary>What it came to.</summary>
    public static void Print(PortFuzzPlan plan, PortFuzzReport report)
    {
        if (plan.Json)
            Console.WriteLine(JsonSerializer.Serialize(Json(plan, report), LabJson.Options));
        else
            PrintText(plan, report);
    }

    private static object Json(PortFuzzPlan plan, PortFuzzReport report) => new
    {
        ok = report.ExitCode == ExitCodes.Fine,
        seed = plan.Seed,
        inputs = report.Inputs,
        seconds = Math.Round(report.Elapsed.TotalSeconds, 1),
        inputsPerSecond = Math.Round(report.Inputs / report.Elapsed.TotalSeconds),
        ports = report.Ports,
        probes = report.Probes,
        sum = report.Sum,
        peakMemoryMiB = report.PeakMemory / Mebibyte,
        memoryLimitMiB = PortFuzzReport.MemoryLimit / Mebibyte,
        undecided = report.IsUndecided,
        problem = report.Problem,
    };

    private static void PrintText(PortFuzzPlan plan, PortFuzzReport report)
    {
        foreach (var (port, figures) in report.Ports)
        {
            Line($"{port,-7} {figures.Inputs,12:N0} inputs over {figures.Connections:N0} connections ({figures.Refused:N0} refused); {figures.Proven:N0} certainly read, {figures.Broken:N0} pieces broken at their end, {figures.Closed:N0} closed by the node, {figures.GivenUp:N0} given up; {figures.AnswerBytes / Mebibyte:N0} MiB of answers.");
        }

        Line($"{report.Inputs:N0} inputs in {report.Elapsed.TotalSeconds:N0} s ({report.Inputs / report.Elapsed.TotalSeconds:N0}/s). Sane clients asked {report.Probes:N0} times at every port, and their counter holds {report.Sum:N0}.");
        Line($"The node had up to {report.PeakMemory / Mebibyte:N0} MiB resident; {PortFuzzReport.MemoryLimit / Mebibyte:N0} MiB are the limit.");
        if (report.Problem is { } problem)
            Line($"{(report.IsUndecided ? "UNDECIDED" : "WRONG")}: {problem}\nAgain: raftstream-lab fuzz --inputs {plan.Inputs} --ports {string.Join(',', plan.Ports)} --seed {plan.Seed}");
        else
            Line($"{(report.IsUndecided ? "Stopped by a signal before the end." : "Nothing wrong.")}");
    }

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}

using System.Globalization;
using System.Text;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture;

/// <summary>A run as the command prints it at its end.</summary>
internal static class TortureText
{
    public static string Of(RunRecord run, RunVerdict verdict, string folder)
    {
        var text = new StringBuilder();
        foreach (var faults in run.Faults.GroupBy(static fault => fault.Nemesis, StringComparer.Ordinal).OrderBy(static faults => faults.Key, StringComparer.Ordinal))
            text.AppendLine(CultureInfo.InvariantCulture, $"{faults.Key,-18} {faults.Count(),4} times, {faults.Count(static fault => fault.TookEffect),4} with effect, {faults.Sum(static fault => fault.Ended - fault.Began) / 1e9,7:N1} s");
        foreach (var check in run.Checks)
            text.AppendLine(CultureInfo.InvariantCulture, $"{check.Workload,-10} {check.Checker,-22} {RunVerdict.WordOf(check.Verdict),-10} {check.Seconds,6:N1} s  {check.Detail}");
        var unknown = run.Operations.Count(static operation => operation.Answer.Kind == AnswerKind.Unknown);
        var failed = run.Operations.Count(static operation => operation.Answer.Kind == AnswerKind.Failed);
        text.AppendLine(CultureInfo.InvariantCulture, $"{run.Operations.Count:N0} operations in {run.Length / 1e9:N1} s: {run.Operations.Count - unknown - failed:N0} done, {failed:N0} failed, {unknown:N0} unknown ({100.0 * unknown / Math.Max(1, run.Operations.Count):N2} %); {run.Leaders.Count} leaderships");
        foreach (var reason in verdict.Reasons)
            text.AppendLine(reason);
        text.AppendLine(CultureInfo.InvariantCulture, $"{verdict.Word}: {Path.Combine(folder, "index.html")}");
        return text.Append("repeat: ").Append(run.Command).ToString();
    }
}

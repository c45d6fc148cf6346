using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace RaftStream.Lab.Mutants;

/// <summary>Hunts a mutant with real processes: one short run of the fault lab after the other, each from the next seed, until a checker finds it.</summary>
internal sealed class TortureHunt(LabCopy lab, HuntMethod method)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan PatienceForRun = TimeSpan.FromMinutes(10);

    private readonly Stopwatch _watch = Stopwatch.StartNew();

    /// <summary>Runs made so far.</summary>
    public ulong Runs { get; private set; }

    /// <summary>Hunts for five minutes, or for so many runs.</summary>
    /// <returns>The checker that found something and its sentence; null: none did.</returns>
    /// <exception cref="LabException">A run could not be made.</exception>
    public async Task<(string Checker, string Message)?> RunAsync(ulong maxRuns, CancellationToken cancellation)
    {
        while (Runs < maxRuns && _watch.Elapsed < Limit)
        {
            var seed = (++Runs).ToString(CultureInfo.InvariantCulture);
            var result = await lab.RunAsync([.. method.Line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--seed", seed, "--out", Path.Combine(lab.Folder, "runs"), "--json"], PatienceForRun, cancellation);
            if (result.ExitCode is not (ExitCodes.Fine or ExitCodes.Violation or ExitCodes.Undecided) || result.Output.Length == 0)
                throw new LabException($"{method.Line} --seed {seed} ended with exit code {result.ExitCode}: {result.FirstLine}");
            using var results = JsonDocument.Parse(result.Output);
            foreach (var check in results.RootElement.GetProperty("checks").EnumerateArray())
            {
                if (check.GetProperty("verdict").GetString() == "violated")
                    return (check.GetProperty("checker").GetString() ?? "", $"{check.GetProperty("workload").GetString()}: {check.GetProperty("detail").GetString()}");
            }
        }

        return null;
    }
}

using System.Globalization;
using System.Text.Json;
using RaftStream.Lab.Torture;
using RaftStream.Testing;

namespace RaftStream.Lab.Soak;

/// <summary>
/// Makes runs until the time is over or somebody stops it, and keeps the folders of those that were not clean: of the others a line stays. A run that ends with
/// an error is told and does not end the soak. Used once.
/// </summary>
/// <param name="plan">What to do.</param>
/// <param name="run">Makes a run; its folder is <see cref="TortureArguments.FolderName"/> in <see cref="TortureArguments.Out"/>.</param>
/// <param name="time">Says when the time is over.</param>
/// <param name="progress">Is told a line for each run; null: nobody is.</param>
internal sealed class SoakLoop(SoakPlan plan, Func<TortureArguments, CancellationToken, Task<SoakOutcome>> run, TimeProvider time, TextWriter? progress)
{
    /// <summary>The file with a line for each run, in the folder of the soak.</summary>
    public const string LinesFile = "soak.jsonl";

    /// <summary>In a row, on one driver: then it is left out, since it would fail as fast as it can for the rest of the time.</summary>
    private const int MostErrors = 3;

    private readonly SoakSums _sums = new();
    private readonly KeptRuns _kept = new(plan);
    private readonly List<string> _leftOut = [];
    private readonly Dictionary<string, int> _errors = new(StringComparer.Ordinal);

    /// <summary>Makes the runs. Ends after the one under way when the time is over, and without it, its folder removed, when it is stopped.</summary>
    /// <exception cref="IOException">The folder of the soak cannot be written to.</exception>
    public async Task<SoakSums> RunAsync(IReadOnlyList<string> leftOut, CancellationToken stop)
    {
        Directory.CreateDirectory(plan.Each.Out);
        _leftOut.AddRange(leftOut);
        var began = time.GetTimestamp();
        var places = new Queue<(string Driver, int Nodes)>(plan.Drivers.SelectMany(driver => plan.Nodes.Select(nodes => (driver, nodes))));
        for (var seed = plan.Each.Seed; places.TryDequeue(out var place) && !stop.IsCancellationRequested && time.GetElapsedTime(began) < plan.Length; seed++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyyMMdd-HHmmss}-{plan.Each.System}-{place.Driver}-{place.Nodes}-{seed}");
            var arguments = plan.Each with { Driver = place.Driver, Nodes = place.Nodes, Seed = seed, FolderName = name };
            var runBegan = time.GetTimestamp();
            if (await MakeAsync(arguments, stop) is not { } outcome)
                break;
            _sums.Add(outcome);
            _kept.Add(name, outcome.Severity);
            await TellAsync(arguments, outcome, time.GetElapsedTime(runBegan));
            if (!IsHopeless(place.Driver, outcome))
                places.Enqueue(place);
            else
                places = new(places.Where(other => other.Driver != place.Driver));
            RunIndex.Write(plan.Each.Out);
            _sums.Write(plan.Each.Out, time.GetElapsedTime(began), _leftOut, _kept);
        }

        _sums.Write(plan.Each.Out, time.GetElapsedTime(began), _leftOut, _kept);
        return _sums;
    }

    /// <summary>Null if it was stopped before its end, of which nothing is kept.</summary>
    private async Task<SoakOutcome?> MakeAsync(TortureArguments arguments, CancellationToken stop)
    {
        try
        {
            return await run(arguments, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            _kept.Remove(arguments.FolderName!);
            return null;
        }
        catch (TortureException refused)
        {
            return SoakOutcome.Failed(refused.Message);
        }
        catch (Exception failure)
        {
            // A fault of the lab in one run is no reason to give up the others; it is told in full, and counts as a run that proves nothing.
            return SoakOutcome.Failed($"a fault of the laboratory itself: {failure}");
        }
    }

    private bool IsHopeless(string driver, SoakOutcome outcome)
    {
        var errors = _errors[driver] = outcome.Verdict == SoakOutcome.Error ? _errors.GetValueOrDefault(driver) + 1 : 0;
        if (errors < MostErrors)
            return false;
        var sentence = string.Create(CultureInfo.InvariantCulture, $"The driver {driver} is left out after {errors} errors in a row: the last was {outcome.Reasons[0].Split('\n')[0]}");
        _leftOut.Add(sentence);
        progress?.WriteLine(sentence);
        return true;
    }

    private async Task TellAsync(TortureArguments arguments, SoakOutcome outcome, TimeSpan took)
    {
        var line = new
        {
            Run = _sums.Runs,
            outcome.Verdict,
            arguments.Driver,
            arguments.Nodes,
            arguments.Seed,
            Seconds = Math.Round(took.TotalSeconds, 1),
            outcome.Operations,
            Faults = outcome.Faults.Values.Sum(static faults => faults.Count),
            Folder = Directory.Exists(Path.Combine(arguments.Out, arguments.FolderName!)) ? arguments.FolderName : null,
            outcome.Reasons,
            Command = arguments.CommandLine,
        };
        await File.AppendAllTextAsync(Path.Combine(arguments.Out, LinesFile), JsonSerializer.Serialize(line, LabJson.Options) + "\n", CancellationToken.None);
        if (progress is null)
            return;
        await progress.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"{line.Run,5}  {arguments.Driver} {arguments.Nodes} nodes seed {arguments.Seed}: {outcome.Verdict}, {outcome.Operations:N0} operations, {line.Faults} faults, {took.TotalSeconds:0} s"));
        foreach (var reason in outcome.Reasons)
            await progress.WriteLineAsync("       " + reason);
    }
}

using System.Diagnostics;

namespace RaftStream.Testing;

/// <summary>
/// Makes a failing run smaller before anybody looks at it: fewer nodes, fewer steps, without faults, operator's actions and parts of the load that
/// it does not need. Only what breaks the same promise counts.
/// </summary>
/// <remarks>
/// Every candidate is a run of its own from the same seed. Since each fault and each client draws from a source of its own, what is left out does
/// not change what is drawn for the rest; what happens then may of course differ, and a candidate that breaks nothing, or something else, is
/// dropped.
/// </remarks>
public sealed class Shrinker
{
    private readonly int _maxRuns;
    private readonly TimeSpan _maxTime;
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    private Shrinker(SimulationReport failing, int maxRuns, TimeSpan maxTime) => (Smallest, _maxRuns, _maxTime) = (failing, maxRuns, maxTime);

    private SimulationReport Smallest { get; set; }

    private int Runs { get; set; }

    private bool IsOver => Runs >= _maxRuns || _watch.Elapsed > _maxTime;

    /// <summary>The smallest run found that breaks the same promise: the given one if none is smaller.</summary>
    /// <param name="failing">A run with a violation.</param>
    /// <param name="maxRuns">Runs to try at the most.</param>
    /// <param name="maxTime">Time to take at the most; a run under way is ended first.</param>
    /// <exception cref="ArgumentException">The run broke nothing.</exception>
    public static ShrunkRun Shrink(SimulationReport failing, int maxRuns, TimeSpan maxTime)
    {
        ArgumentNullException.ThrowIfNull(failing);
        if (failing.Violation is null)
            throw new ArgumentException("The run broke no promise: there is nothing to shrink.", nameof(failing));
        var shrinker = new Shrinker(failing, maxRuns, maxTime);
        shrinker.CutSteps();
        shrinker.TryFewerNodes();
        shrinker.LeavePartsOut();
        shrinker.SkipSome(static report => report.FaultsDrawn, static options => options.SkipFaults, static (options, skip) => options with { SkipFaults = skip });
        shrinker.SkipSome(static report => report.ActionsDrawn, static options => options.SkipActions, static (options, skip) => options with { SkipActions = skip });
        shrinker.LeavePartsOut();
        shrinker.CutSteps();
        return new(shrinker.Smallest, shrinker.Runs, shrinker._watch.Elapsed);
    }

    /// <summary>A candidate becomes the smallest run if it breaks the same promise.</summary>
    private bool Try(SimulationOptions candidate)
    {
        if (IsOver)
            return false;
        Runs++;
        var report = Simulation.Run(candidate);
        if (report.Violation?.Invariant != Smallest.Violation!.Invariant)
            return false;
        Smallest = report;
        return true;
    }

    /// <summary>No more steps under faults than up to the violation; one that shows only after healing needs fewer, perhaps.</summary>
    private void CutSteps()
    {
        if (Smallest.Steps < Smallest.Options.Steps)
        {
            Try(Smallest.Options with { Steps = (int)Smallest.Steps });
            return;
        }

        // Smaller and smaller cuts, each repeated for as long as it helps.
        for (var part = 2; part <= 16 && !IsOver; part *= 2)
        {
            while (Smallest.Options.Steps > 100 && Try(Smallest.Options with { Steps = Smallest.Options.Steps - (Smallest.Options.Steps / part) }))
            {
            }
        }
    }

    private void TryFewerNodes()
    {
        for (var nodes = Smallest.Options.Nodes - 2; nodes >= 3; nodes -= 2)
        {
            if (Try(Smallest.Options with { Nodes = nodes }))
                CutSteps();
        }
    }

    /// <summary>Whole kinds of faults and of load: all at once, then each alone.</summary>
    private void LeavePartsOut()
    {
        var all = Enum.GetValues<SimulationPart>().Aggregate(static (sum, part) => sum | part);
        if (Smallest.Options.Without != all && Try(Smallest.Options with { Without = all }))
            return;
        foreach (var part in Enum.GetValues<SimulationPart>())
        {
            if (part == SimulationPart.None || Smallest.Options.Without.HasFlag(part))
                continue;
            if (Try(Smallest.Options with { Without = Smallest.Options.Without | part }) && Smallest.Steps < Smallest.Options.Steps)
                Try(Smallest.Options with { Steps = (int)Smallest.Steps });
        }
    }

    /// <summary>Single faults or actions by their numbers: halves, then quarters, down to one at a time (delta debugging, Zeller 1999).</summary>
    private void SkipSome(Func<SimulationReport, int> drawn, Func<SimulationOptions, IReadOnlySet<int>> skipped, Func<SimulationOptions, IReadOnlySet<int>, SimulationOptions> skip)
    {
        for (var size = Math.Max(1, drawn(Smallest)); !IsOver; size = (size + 1) / 2)
        {
            for (var first = 1; first <= drawn(Smallest) && !IsOver; first += size)
            {
                var before = skipped(Smallest.Options);
                var more = Enumerable.Range(first, Math.Min(size, drawn(Smallest) - first + 1)).Where(number => !before.Contains(number)).ToList();
                if (more.Count > 0)
                    Try(skip(Smallest.Options, new SortedSet<int>(before.Concat(more))));
            }

            if (size == 1)
                return;
        }
    }
}

/// <summary>What shrinking came to.</summary>
/// <param name="Report">The smallest run that breaks the same promise.</param>
/// <param name="Runs">How many runs were tried.</param>
/// <param name="Time">How long that took.</param>
public sealed record ShrunkRun(SimulationReport Report, int Runs, TimeSpan Time);

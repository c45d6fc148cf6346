using System.Diagnostics;
using RaftStream.Testing;

namespace RaftStream.Lab.Sim;

/// <summary>Where a hunt stands.</summary>
internal sealed record HuntState(SeedRange Seeds, int Nodes, int StepsPerSeed, string Workload, ulong NextSeed, long Steps, SortedDictionary<string, long> Events);

/// <summary>Runs seeds on all cores until the range ends or a promise is broken.</summary>
internal sealed class SimHunt(HuntState start, SimulationOptions options, int jobs, bool twice)
{
    /// <summary>The name under which a seed that did not run the same way twice is told.</summary>
    public const string Repeatable = "Repeatable";

    private readonly Lock _gate = new();
    private readonly SortedSet<ulong> _finishedAhead = [];
    private readonly EventCounts _counts = new();
    private readonly Dictionary<string, int> _seedsWith = new(StringComparer.Ordinal);
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly TimeSpan _processor = Environment.CpuUsage.TotalTime;
    private SimulationReport? _violation;
    private ulong _nextToTake = start.NextSeed;
    private ulong _doneBelow = start.NextSeed;
    private long _stepsHere;
    private HealingTimes _longest;

    /// <summary>The violation with the smallest seed that was found, or null.</summary>
    public SimulationReport? Violation
    {
        get
        {
            lock (_gate)
                return _violation;
        }
    }

    /// <summary>Simulated steps a second of processor time, compilation included: what one core does, whoever else uses the machine.</summary>
    public double StepsPerProcessorSecond => Volatile.Read(ref _stepsHere) / Math.Max(0.001, (Environment.CpuUsage.TotalTime - _processor).TotalSeconds);

    /// <summary>The longest of what the clusters took to come to rest.</summary>
    public HealingTimes Longest
    {
        get
        {
            lock (_gate)
                return _longest;
        }
    }

    /// <summary>In how many of the seeds that ran here each event happened.</summary>
    public SortedDictionary<string, int> SeedsWith
    {
        get
        {
            lock (_gate)
                return new(_seedsWith, StringComparer.Ordinal);
        }
    }

    /// <summary>Simulated steps a second since the hunt began here, all cores together.</summary>
    public double StepsPerSecond => Volatile.Read(ref _stepsHere) / _watch.Elapsed.TotalSeconds;

    /// <summary>How far the hunt is: every seed below <see cref="HuntState.NextSeed"/> was clean.</summary>
    public HuntState State
    {
        get
        {
            lock (_gate)
            {
                var events = new SortedDictionary<string, long>(start.Events, StringComparer.Ordinal);
                foreach (var (what, times) in _counts.Counts)
                    events[what] = events.GetValueOrDefault(what) + times;
                return start with { NextSeed = _doneBelow, Steps = start.Steps + _stepsHere, Events = events };
            }
        }
    }

    /// <summary>Hunts until the end, the first violation or the cancellation.</summary>
    public void Run(CancellationToken cancellation)
    {
        var threads = new Thread[jobs];
        for (var i = 0; i < jobs; i++)
        {
            threads[i] = new(() => Work(cancellation)) { Name = "simulation" };
            threads[i].Start();
        }

        foreach (var thread in threads)
            thread.Join();
    }

    private void Work(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested && TryTake(out var seed))
        {
            var report = Simulation.Run(options with { Seed = seed });
            Finish(seed, twice && report.Violation is null ? Again(report) : report);
        }
    }

    /// <summary>Runs a seed once more: everything must come the same way.</summary>
    private static SimulationReport Again(SimulationReport first)
    {
        var second = Simulation.Run(first.Options);
        return second.TraceHash == first.TraceHash && second.Steps == first.Steps
            ? first
            : first with { Violation = new(Repeatable, FormattableString.Invariant($"The seed runs {first.Steps} steps with trace {first.TraceHash:x16}, and then {second.Steps} steps with trace {second.TraceHash:x16}.")) };
    }

    private bool TryTake(out ulong seed)
    {
        lock (_gate)
        {
            seed = _nextToTake;
            if (_violation is not null || seed > start.Seeds.Last)
                return false;
            _nextToTake++;
            return true;
        }
    }

    private void Finish(ulong seed, SimulationReport report)
    {
        lock (_gate)
        {
            _stepsHere += report.Steps;
            _counts.Add(report.Counts);
            foreach (var (what, _) in report.Counts.Counts)
                _seedsWith[what] = _seedsWith.GetValueOrDefault(what) + 1;
            _longest = new(Max(_longest.Leader, report.Healing.Leader), Max(_longest.Rest, report.Healing.Rest), Math.Max(_longest.Elections, report.Healing.Elections));
            if (report.Violation is not null)
            {
                if (_violation is null || seed < _violation.Options.Seed)
                    _violation = report;
                return;
            }

            _finishedAhead.Add(seed);
            while (_finishedAhead.Remove(_doneBelow))
                _doneBelow++;
        }
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

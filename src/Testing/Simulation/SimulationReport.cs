using System.Runtime.InteropServices;

namespace RaftStream.Testing;

/// <summary>How often things happened in a simulation, by name.</summary>
public sealed class EventCounts
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>The counts in order of names.</summary>
    public IReadOnlyDictionary<string, long> Counts => new SortedDictionary<string, long>(_counts, StringComparer.Ordinal);

    /// <summary>Counts something.</summary>
    public void Add(string what, long times = 1)
    {
        if (times != 0)
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, what, out _) += times;
    }

    /// <summary>Adds another simulation's counts.</summary>
    public void Add(EventCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach (var (what, times) in other._counts)
            Add(what, times);
    }
}

/// <summary>How a simulation ended.</summary>
/// <param name="Options">What was simulated.</param>
/// <param name="Steps">Events delivered, the healing phase included.</param>
/// <param name="TraceHash">A hash over all events in order: the same seed gives the same hash.</param>
/// <param name="Counts">How often what happened.</param>
/// <param name="Violation">The promise that was broken, or null.</param>
/// <param name="LastEvents">The events before a violation, oldest first; empty without one.</param>
public sealed record SimulationReport(
    SimulationOptions Options, long Steps, ulong TraceHash, EventCounts Counts, ViolationException? Violation, IReadOnlyList<string> LastEvents)
{
    /// <summary>How many faults the seed drew, skipped ones included: their numbers go from 1 to this.</summary>
    public int FaultsDrawn { get; init; }

    /// <summary>How many actions the operator drew.</summary>
    public int ActionsDrawn { get; init; }

    /// <summary>What the end of the run took; zeros where a violation came first.</summary>
    public HealingTimes Healing { get; init; }

    /// <summary>What happened, message by message; null unless <see cref="SimulationOptions.Record"/> was asked for.</summary>
    public RunAccount? Account { get; init; }
}

/// <summary>What a cluster took to come to rest once everything was mended, in simulated true time.</summary>
/// <param name="Leader">Until some leader could serve.</param>
/// <param name="Rest">Until the load was brought to its end and all replicas were equal.</param>
/// <param name="Elections">Terms that began meanwhile.</param>
public readonly record struct HealingTimes(TimeSpan Leader, TimeSpan Rest, long Elections);

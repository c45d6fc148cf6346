namespace RaftStream.Testing;

/// <summary>How often things happened in a simulation, by name.</summary>
public sealed class EventCounts
{
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>The counts in order of names.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>Counts something.</summary>
    public void Add(string what, long times = 1)
    {
        _counts.TryGetValue(what, out var before);
        _counts[what] = before + times;
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
    SimulationOptions Options, long Steps, ulong TraceHash, EventCounts Counts, ViolationException? Violation, IReadOnlyList<string> LastEvents);

namespace RaftStream.Testing;

/// <summary>How far an exploration is.</summary>
/// <param name="States">States visited.</param>
/// <param name="Waiting">States among them from which no step was made yet.</param>
/// <param name="Depth">Steps from the beginning.</param>
/// <param name="Elapsed">Time since it began.</param>
/// <param name="Bytes">Memory for states.</param>
internal readonly record struct ExplorerProgress(long States, long Waiting, int Depth, TimeSpan Elapsed, long Bytes);

/// <summary>How an exploration ended.</summary>
internal sealed record ExplorerReport
{
    public required ExplorerOptions Options { get; init; }

    /// <summary>States visited; renamings of one state count as one.</summary>
    public required long States { get; init; }

    /// <summary>Steps looked at, those that lead to known states included.</summary>
    public required long Transitions { get; init; }

    /// <summary>The longest of the shortest ways to a state, in steps.</summary>
    public required int Depth { get; init; }

    /// <summary>Different states of single nodes.</summary>
    public required int NodeStates { get; init; }

    /// <summary>Different messages.</summary>
    public required int Messages { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Memory for states at the end.</summary>
    public required long Bytes { get; init; }

    /// <summary>Why it ended before everything was visited; empty if it did not.</summary>
    public required string Ended { get; init; }

    /// <summary>Whether it ended because the core acts differently when the nodes have other names.</summary>
    public required bool IsAsymmetric { get; init; }

    /// <summary>The promise that was broken, or null.</summary>
    public required ViolationException? Violation { get; init; }

    /// <summary>The shortest way there, line by line; empty without a violation.</summary>
    public required IReadOnlyList<string> Transcript { get; init; }

    /// <summary>Whether every state within the bound was visited.</summary>
    public bool IsExhausted => Violation is null && Ended.Length == 0;

    /// <summary>States visited a second.</summary>
    public double StatesPerSecond => States / Math.Max(Elapsed.TotalSeconds, 1e-3);
}

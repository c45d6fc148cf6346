namespace RaftStream.Lab.Mutants;

/// <summary>What became of a mutant.</summary>
internal enum MutantFate
{
    /// <summary>A violation was found.</summary>
    Found,

    /// <summary>It survives: every method came to its end without a violation.</summary>
    NotFound,

    /// <summary>It could not be hunted: it does not compile, hangs, or ends the process.</summary>
    Broken,

    /// <summary>The design leaves no room for it.</summary>
    Impossible,

    /// <summary>It waits for a feature.</summary>
    Pending,
}

/// <summary>What became of a mutant, and how.</summary>
internal sealed record MutantVerdict(Mutant Mutant, MutantFate Fate)
{
    /// <summary>The method that found it, or the last one that was tried.</summary>
    public HuntMethod? Hunt { get; init; }

    /// <summary>Seeds simulated until it was found, over all methods that were tried; 0 where none took seeds.</summary>
    public ulong Seeds { get; init; }

    /// <summary>The seed that found it, or null.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Seconds of hunting.</summary>
    public double Seconds { get; init; }

    /// <summary>Seconds of compiling.</summary>
    public double CompileSeconds { get; init; }

    /// <summary>The invariant that it broke, or null.</summary>
    public string? Invariant { get; init; }

    /// <summary>What the invariant, the compiler or the process said.</summary>
    public string? Message { get; init; }

    /// <summary>Whether it broke one of the invariants that should find it.</summary>
    public bool IsExpected => Invariant is { } name && Mutant.Expected.Contains(name, StringComparer.Ordinal);
}

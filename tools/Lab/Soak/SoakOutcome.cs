using RaftStream.Testing;

namespace RaftStream.Lab.Soak;

/// <summary>What is remembered of a run: little, since there may be thousands.</summary>
/// <param name="Verdict">clean, violation, undecided, invalid, or <see cref="Error"/>.</param>
/// <param name="Operations">How many operations clients did.</param>
/// <param name="Faults">By nemesis: how often it struck, and how often it was seen to take effect.</param>
/// <param name="Reasons">Why it is not clean.</param>
internal sealed record SoakOutcome(string Verdict, long Operations, IReadOnlyDictionary<string, SoakFaults> Faults, IReadOnlyList<string> Reasons)
{
    /// <summary>The word for a run that was not made or not ended, because a cluster did not start or the lab itself failed.</summary>
    public const string Error = "error";

    /// <summary>The word for a run without any trouble.</summary>
    public const string Clean = "clean";

    /// <summary>The word for a run that found a promise broken.</summary>
    public const string Violation = "violation";

    /// <summary>How bad it is: what is worse is kept longer.</summary>
    public int Severity => Verdict switch
    {
        Clean => 0,
        Error => 2,
        Violation => 3,
        _ => 1,
    };

    /// <summary>What a run came to.</summary>
    public static SoakOutcome Of(RunRecord run)
    {
        var verdict = RunVerdict.Of(run);
        var faults = run.Faults.GroupBy(static fault => fault.Nemesis, StringComparer.Ordinal)
            .ToDictionary(static group => group.Key, static group => new SoakFaults(group.Count(), group.Count(static fault => fault.TookEffect)), StringComparer.Ordinal);
        return new(verdict.Word, run.Operations.Count, faults, verdict.Reasons);
    }

    /// <summary>A run that came to no end.</summary>
    public static SoakOutcome Failed(string why) => new(Error, 0, new Dictionary<string, SoakFaults>(StringComparer.Ordinal), [why]);
}

/// <summary>How often a nemesis struck, and how often it was seen to take effect.</summary>
internal sealed record SoakFaults(long Count, long TookEffect);

namespace RaftStream.Testing;

/// <summary>What a run comes to.</summary>
internal enum RunOutcome
{
    /// <summary>Every checker was content, and the run proves what it should.</summary>
    Clean = 0,

    /// <summary>A checker found a promise broken. That holds whether or not the run is valid otherwise.</summary>
    Violation = 1,

    /// <summary>A checker came to no end, or there was none: nothing is claimed.</summary>
    Undecided = 2,

    /// <summary>No checker found anything, and the run proves less than it should.</summary>
    Invalid = 3,
}

/// <summary>The verdict on a run: the report, the index and the command all have it from here.</summary>
/// <param name="Outcome">In one word.</param>
/// <param name="IsValid">Whether the run proves what it should, whatever was found.</param>
/// <param name="Reasons">Why it is not clean, a sentence each; empty for a clean one.</param>
internal sealed record RunVerdict(RunOutcome Outcome, bool IsValid, IReadOnlyList<string> Reasons)
{
    /// <summary>What the command ends with: 0 clean and valid, 1 a violation, 2 undecided or invalid.</summary>
    public int ExitCode => Outcome switch
    {
        RunOutcome.Clean => 0,
        RunOutcome.Violation => 1,
        _ => 2,
    };

    /// <summary>The word for it in results.json.</summary>
    public string Word => Outcome switch
    {
        RunOutcome.Clean => "clean",
        RunOutcome.Violation => "violation",
        RunOutcome.Undecided => "undecided",
        _ => "invalid",
    };

    /// <summary>The verdict on a run.</summary>
    public static RunVerdict Of(RunRecord run)
    {
        var reasons = new List<string>();
        foreach (var check in run.Checks)
        {
            if (check.Verdict == Verdict.Illegal)
                reasons.Add($"{check.Workload}, {check.Checker}: {check.Detail}");
        }

        foreach (var check in run.Checks)
        {
            if (check.Verdict == Verdict.Undecided)
                reasons.Add($"{check.Workload}, {check.Checker} came to no end: {check.Detail}");
        }

        if (run.Checks.Count == 0)
            reasons.Add("Nothing was checked.");
        if (run.Operations.Count == 0)
            reasons.Add("No client did anything.");
        reasons.AddRange(run.Invalid);
        var isValid = run.Invalid.Count == 0 && run.Operations.Count > 0;
        return new(OutcomeOf(run, isValid), isValid, reasons);
    }

    /// <summary>The word for a checker's verdict: not every checker asks whether a history is linearizable.</summary>
    public static string WordOf(Verdict verdict) => verdict switch
    {
        Verdict.Linearizable => "passed",
        Verdict.Illegal => "violated",
        _ => "undecided",
    };

    private static RunOutcome OutcomeOf(RunRecord run, bool isValid)
    {
        if (run.Checks.Any(static check => check.Verdict == Verdict.Illegal))
            return RunOutcome.Violation;
        if (run.Checks.Count == 0 || run.Checks.Any(static check => check.Verdict == Verdict.Undecided))
            return RunOutcome.Undecided;
        return isValid ? RunOutcome.Clean : RunOutcome.Invalid;
    }
}

using RaftStream.Testing;

namespace RaftStream.Lab.Cap;

/// <summary>A sentence about the levels, and whether the experiment bears it out.</summary>
/// <param name="Sentence">What is claimed.</param>
/// <param name="Seen">The figures.</param>
/// <param name="Holds">Whether it does.</param>
/// <param name="IsPromise">Whether a promise is broken if it does not; else the experiment has only not shown what it should.</param>
internal sealed record CapClaim(string Sentence, string Seen, bool Holds, bool IsPromise);

/// <summary>What the levels promise, and what they must be seen to give up, held against what happened.</summary>
internal static class CapVerdict
{
    /// <summary>All claims.</summary>
    public static IReadOnlyList<CapClaim> Of(IReadOnlyList<CapScore> scores)
    {
        CapScore At(CapLevel level, CapSide side) => scores.First(score => score.Level == level && score.Side == side);
        var minority = CapLevel.All.ToDictionary(static level => level, level => At(level, CapSide.Minority));
        var claims = new List<CapClaim>();
        claims.AddRange(scores.Where(static score => !score.Level.IsWrite).Select(Order));
        claims.AddRange(scores.Where(static score => score.Level == CapLevel.Session).Select(static score => new CapClaim(
            $"session, {Side(score)}: no read shows less than the one before", $"{score.WentBack} of {score.Count} did", score.WentBack == 0, IsPromise: true)));
        claims.AddRange(scores.Where(static score => score.Level == CapLevel.Bounded).Select(static score => new CapClaim(
            $"bounded, {Side(score)}: no read is older than {CapClient.Bound.TotalSeconds} s", $"the oldest {score.Staleness.TotalSeconds:0.000} s", score.Staleness <= CapClient.Bound, IsPromise: true)));
        claims.AddRange(scores.Where(static score => !score.Level.IsWrite).Select(static score => new CapClaim(
            $"{score.Level.Name}, {Side(score)}: no answer admits less than its age", $"{score.Understated} of {score.Count} did", score.Understated == 0, IsPromise: true)));
        claims.AddRange(scores.Where(static score => score.Level.IsWrite).Select(Kept));
        foreach (var level in (ReadOnlySpan<CapLevel>)[CapLevel.Linearizable, CapLevel.Quorum])
            claims.Add(new($"{level.Name}, smaller part: nothing is served in a cut", Share(minority[level]), minority[level].AvailabilityCut == 0, IsPromise: true));
        foreach (var level in (ReadOnlySpan<CapLevel>)[CapLevel.Session, CapLevel.Eventual, CapLevel.Available])
            claims.Add(new($"{level.Name}, smaller part: all is served in a cut", Share(minority[level]), minority[level].AvailabilityCut == 1, IsPromise: true));
        foreach (var level in (ReadOnlySpan<CapLevel>)[CapLevel.Lease, CapLevel.Bounded, CapLevel.Leader])
            claims.Add(Ends(minority[level]));
        claims.Add(Shown("eventual, smaller part: reads are stale, as they may be", minority[CapLevel.Eventual].Stale));
        claims.Add(Shown("session, smaller part: reads are stale, as they may be", minority[CapLevel.Session].Stale));
        claims.Add(Shown("eventual, from node to node: reads go back, as they may", At(CapLevel.Eventual, CapSide.Roaming).WentBack));
        claims.Add(Shown("leader, smaller part: provisional writes are lost, as they may be", minority[CapLevel.Leader].Lost));
        claims.Add(Shown("available, smaller part: accepted writes are applied late, as they may be", minority[CapLevel.Available].Late));
        return claims;
    }

    /// <summary>0: all of it; 1: a promise is broken; 2: something that must be seen was not.</summary>
    public static int ExitCode(IReadOnlyList<CapClaim> claims) =>
        claims.Any(static claim => claim is { IsPromise: true, Holds: false }) ? ExitCodes.Violation
        : claims.All(static claim => claim.Holds) ? ExitCodes.Fine : ExitCodes.Undecided;

    /// <summary>A side in words.</summary>
    public static string Side(CapScore score) => score.Side switch
    {
        CapSide.Majority => "larger part",
        CapSide.Minority => "smaller part",
        _ => "from node to node",
    };

    private static CapClaim Order(CapScore score)
    {
        var isPromised = score.Level == CapLevel.Linearizable || score.Level == CapLevel.Lease;
        var seen = score.Linearizable == Verdict.Linearizable ? "they do" : score.Linearizable == Verdict.Undecided ? "not decided" : "they do not";
        return isPromised
            ? new($"{score.Level.Name}, {Side(score)}: reads and writes fit one order in real time", seen, score.Linearizable == Verdict.Linearizable, IsPromise: score.Linearizable != Verdict.Undecided)
            : new($"{score.Level.Name}, {Side(score)}: reads need not fit one order in real time", seen, Holds: true, IsPromise: false);
    }

    private static CapClaim Kept(CapScore score)
    {
        var claim = new CapClaim("", "", Holds: false, IsPromise: true);
        if (score.Level == CapLevel.Leader)
        {
            var applied = score.Taken - score.Lost - score.Untold;
            return claim with
            {
                Sentence = $"leader, {Side(score)}: each provisional write is told as applied or as lost, and that is what became of it",
                Seen = $"{score.Taken} provisional: {applied} applied, {score.Lost} lost, {score.Untold} not told; {score.Applied} counted, {score.Unknown} unknown",
                Holds = score.Untold == 0 && score.Applied >= applied && score.Applied <= applied + score.Unknown,
            };
        }

        var word = score.Level == CapLevel.Available ? "accepted" : "acknowledged";
        return claim with
        {
            Sentence = $"{score.Level.Name}, {Side(score)}: what was {word} is counted once",
            Seen = $"{score.Taken} {word}, {score.Applied} counted, {score.Unknown} unknown",
            Holds = score.Applied >= score.Taken && score.Applied <= score.Taken + score.Unknown,
        };
    }

    private static CapClaim Ends(CapScore score) => new(
        $"{score.Level.Name}, smaller part: served for a while in a cut, and then no more",
        score.ServedUntil is { } until ? $"the last one {until.TotalSeconds:0.00} s after it" : "never served in one",
        score.AvailabilityCut < 1 && score.ServedUntil is not null,
        IsPromise: false);

    private static CapClaim Shown(string sentence, long count) => new(sentence, $"{count} times", count > 0, IsPromise: false);

    private static string Share(CapScore score) => score.AvailabilityCut is { } share ? $"{share:0.0 %} served" : "no operation lay in a cut";
}

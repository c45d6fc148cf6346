using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RaftStream.Lab.Cap;

/// <summary>The result for people who read a terminal, and for programs.</summary>
internal static class CapText
{
    /// <summary>The table, and the claims that do not hold.</summary>
    public static string Of(CapRecord run, IReadOnlyList<CapScore> scores, IReadOnlyList<CapClaim> claims)
    {
        var text = new StringBuilder();
        text.AppendLine(Invariant($"{run.Plan.Nodes} nodes, {run.Plan.Length.TotalSeconds:0} s, cut in two twice; the smaller part is {string.Join(", ", run.Minority)}"));
        text.AppendLine();
        text.AppendLine("level         side                served   served    last one      half of the answers within, ms     what was seen");
        text.AppendLine("                                   whole  in a cut     after cut      before    in a cut       after");
        foreach (var score in scores)
            text.AppendLine(Invariant($"{score.Level.Name,-13} {CapVerdict.Side(score),-18} {Share(score.AvailabilityWhole),7} {Share(score.AvailabilityCut),9} {Until(score),13} {Ms(score.Before),11} {Ms(score.During),11} {Ms(score.After),11}     {Seen(score)}"));
        text.AppendLine();
        foreach (var claim in claims.Where(static claim => !claim.Holds))
            text.AppendLine(Invariant($"{(claim.IsPromise ? "broken" : "not shown")}: {claim.Sentence}: {claim.Seen}"));
        text.Append(Invariant($"{claims.Count(static claim => claim.Holds)} of {claims.Count} claims hold"));
        return text.ToString();
    }

    /// <summary>The same as JSON.</summary>
    public static string Json(CapRecord run, IReadOnlyList<CapScore> scores, IReadOnlyList<CapClaim> claims) => JsonSerializer.Serialize(
        new
        {
            run.Plan.Nodes,
            Seconds = run.Plan.Length.TotalSeconds,
            run.Minority,
            BoundMs = CapClient.Bound.TotalMilliseconds,
            PatienceMs = CapClient.Patience.TotalMilliseconds,
            Phases = run.Phases.Select(static phase => new { phase.Name, From = phase.From.TotalSeconds, To = phase.To.TotalSeconds, phase.IsCut }),
            Levels = scores.Select(static score => new
            {
                Level = score.Level.Name,
                Side = score.Side.ToString().ToLowerInvariant(),
                score.Level.Promise,
                Operations = score.Count,
                score.AvailabilityWhole,
                score.AvailabilityCut,
                ServedUntilSeconds = score.ServedUntil?.TotalSeconds,
                score.Before,
                score.During,
                score.After,
                StaleReads = score.Stale,
                StalenessSeconds = score.Staleness.TotalSeconds,
                score.WentBack,
                Linearizable = score.Linearizable?.ToString().ToLowerInvariant(),
                score.Taken,
                score.Applied,
                score.Lost,
                score.Late,
                score.Unknown,
            }),
            Claims = claims,
            ExitCode = CapVerdict.ExitCode(claims),
        },
        LabJson.Options);

    /// <summary>What is to be told of a client beside how often and how fast it was served.</summary>
    public static string Seen(CapScore score)
    {
        if (!score.Level.IsWrite)
        {
            var stale = score.Stale == 0 ? "no stale read" : Invariant($"{score.Stale} stale reads, the oldest {score.Staleness.TotalSeconds:0.00} s");
            return score.WentBack == 0 ? stale : Invariant($"{stale}; {score.WentBack} went back");
        }

        var unknown = score.Unknown == 0 ? "" : Invariant($", {score.Unknown} unknown");
        if (score.Level == CapLevel.Leader)
            return Invariant($"{score.Taken} provisional, {score.Lost} of them lost{unknown}");
        return score.Level == CapLevel.Available
            ? Invariant($"{score.Taken} accepted, {score.Applied} applied, {score.Late} of them late{unknown}")
            : Invariant($"{score.Taken} acknowledged, {score.Applied} applied{unknown}");
    }

    public static string Share(double? share) => share is { } some ? string.Create(CultureInfo.InvariantCulture, $"{some * 100:0.0} %") : "–";

    public static string Ms(CapLatency latency) => latency.HalfMs is { } half ? Invariant($"{half:0.0}") : "–";

    public static string Until(CapScore score) => score.AvailabilityCut == 1 ? "to its end" : score.ServedUntil is { } until ? Invariant($"{until.TotalSeconds:0.00} s") : "none";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

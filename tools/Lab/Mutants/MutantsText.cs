using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RaftStream.Lab.Mutants;

/// <summary>How verdicts are told: as lines, as JSON, as the table of the documentation.</summary>
internal static class MutantsText
{
    private const int ShownMessage = 300;

    /// <summary>One verdict in one line.</summary>
    public static string Line(MutantVerdict verdict)
    {
        var mutant = verdict.Mutant;
        if (mutant.Id == Mutant.Unmutated)
        {
            return verdict.Fate == MutantFate.NotFound
                ? Invariant($"{mutant.Id,-5} clean: {verdict.Hunt!.Line}{Seeds(verdict)}")
                : Invariant($"{mutant.Id,-5} NOT CLEAN: {verdict.Hunt?.Line}, seed {verdict.Seed}: {verdict.Invariant} {Short(verdict.Message)}");
        }

        return verdict.Fate switch
        {
            MutantFate.Found => Invariant($"{mutant.Id,-5} found after {After(verdict)} in {verdict.Seconds:0.0} s (compiled in {verdict.CompileSeconds:0.0} s) by {verdict.Invariant}{(verdict.IsExpected ? "" : $", expected {string.Join(", ", mutant.Expected)}")}: {Short(verdict.Message)}"),
            MutantFate.NotFound => Invariant($"{mutant.Id,-5} NOT FOUND after {After(verdict)} in {verdict.Seconds:0.0} s"),
            MutantFate.Broken => Invariant($"{mutant.Id,-5} BROKEN: {Short(verdict.Message)}"),
            MutantFate.Impossible => Invariant($"{mutant.Id,-5} impossible: {verdict.Message}"),
            _ => Invariant($"{mutant.Id,-5} pending: {verdict.Message}"),
        };
    }

    /// <summary>How many of what.</summary>
    public static string Counts(IReadOnlyList<MutantVerdict> verdicts)
    {
        var hunted = verdicts.Where(static verdict => verdict.Mutant.Id != Mutant.Unmutated).ToArray();
        var found = hunted.Where(static verdict => verdict.Fate == MutantFate.Found).ToArray();
        return Invariant($"{found.Length} found ({found.Count(static verdict => verdict.Seeds <= 500)} within 500 seeds, {found.Count(static verdict => verdict.IsExpected)} as expected), {Count(MutantFate.NotFound)} not found, {Count(MutantFate.Broken)} broken, {Count(MutantFate.Impossible)} impossible, {Count(MutantFate.Pending)} pending; the unmutated code is {(IsClean(verdicts) ? "clean" : "NOT CLEAN")} on the same seeds.");

        int Count(MutantFate fate) => hunted.Count(verdict => verdict.Fate == fate);
    }

    /// <summary>Whether every mutant that can exist was found, and nothing in the code as it is.</summary>
    public static bool IsFine(IReadOnlyList<MutantVerdict> verdicts) =>
        IsClean(verdicts) && verdicts.All(static verdict => verdict.Mutant.Id == Mutant.Unmutated || verdict.Fate is not (MutantFate.NotFound or MutantFate.Broken));

    /// <summary>Everything as one object.</summary>
    public static string Json(IReadOnlyList<MutantVerdict> verdicts) => JsonSerializer.Serialize(
        new
        {
            ok = IsFine(verdicts),
            summary = Counts(verdicts),
            mutants = verdicts.Select(static verdict => new
            {
                id = verdict.Mutant.Id,
                bug = verdict.Mutant.Bug,
                fate = verdict.Fate.ToString(),
                hunt = verdict.Hunt?.Line,
                seeds = verdict.Seeds,
                seed = verdict.Seed,
                seconds = Math.Round(verdict.Seconds, 1),
                compileSeconds = Math.Round(verdict.CompileSeconds, 1),
                invariant = verdict.Invariant,
                expected = verdict.Mutant.Expected,
                isExpected = verdict.IsExpected,
                message = verdict.Message,
            }),
        },
        LabJson.Options);

    /// <summary>The page of the documentation.</summary>
    public static string Markdown(IReadOnlyList<MutantVerdict> verdicts)
    {
        var page = new StringBuilder();
        page.Append(
            """
            # Planted bugs

            Bugs that real Raft systems had, planted one at a time into a copy of this code: tests that cannot fail prove nothing. Each is a file of
            [`tests/mutants`](../tests/mutants/README.md). `raftstream-lab mutants --markdown docs/planted-bugs.md` hunts them all and writes this page.


            """.ReplaceLineEndings("\n"));
        page.Append(Counts(verdicts)).Append("\n\n");
        page.Append("| id | bug | seen in | hunted by | found after | caught by |\n|---|---|---|---|---|---|\n");
        foreach (var verdict in verdicts.Where(static verdict => verdict.Mutant.Id != Mutant.Unmutated))
        {
            var mutant = verdict.Mutant;
            var (hunt, after, by) = verdict.Fate switch
            {
                MutantFate.Found => ($"`{verdict.Hunt!.Line}`", Invariant($"{After(verdict)}, {verdict.Seconds:0} s"), $"`{verdict.Invariant}`"),
                MutantFate.Impossible => ("", "cannot exist", mutant.Impossible!),
                MutantFate.Pending => ("", "pending", mutant.Pending!),
                MutantFate.NotFound => ($"`{verdict.Hunt!.Line}`", "**NOT FOUND**", $"should be {string.Join(", ", mutant.Expected)}"),
                _ => ("", "**BROKEN**", Short(verdict.Message)),
            };
            page.Append($"| {mutant.Id} | {Cell(mutant.Bug)} | {Cell(mutant.Seen)} | {hunt} | {after} | {Cell(by)} |\n");
        }

        return page.ToString();
    }

    private static bool IsClean(IEnumerable<MutantVerdict> verdicts) =>
        verdicts.All(static verdict => verdict.Mutant.Id != Mutant.Unmutated || verdict.Fate == MutantFate.NotFound);

    private static string After(MutantVerdict verdict) => verdict.Hunt is { TakesSeeds: true } || verdict.Seeds > 0
        ? Invariant($"{verdict.Seeds} seed{(verdict.Seeds == 1 ? "" : "s")}{(verdict.Hunt is { TakesSeeds: false } ? $" and {verdict.Hunt.Name}" : "")}")
        : $"one run of {verdict.Hunt?.Name}";

    private static string Seeds(MutantVerdict verdict) => verdict.Seeds > 0 ? Invariant($", seeds 1..{verdict.Seeds}") : "";

    private static string Short(string? message) => message is { Length: > ShownMessage } ? message[..ShownMessage] + "..." : message ?? "";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

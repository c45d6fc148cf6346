using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RaftStream.Lab.Sim;

namespace RaftStream.Lab.Mutants;

/// <summary>Hunts one mutant in a copy of the laboratory, with each of its methods in turn, until one finds it.</summary>
internal sealed class MutantHunt(Mutant mutant, LabCopy lab, ulong budget)
{
    /// <summary>Every method has its turn with this many seeds before any gets more.</summary>
    private const ulong FirstSeeds = 500;

    /// <summary>How often the code as it is goes through the fault lab: each run takes most of a minute.</summary>
    private const ulong RunsOfUnmutated = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PatienceOfOthers = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan PatienceForSeed = TimeSpan.FromSeconds(0.3);

    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private ulong _seeds;

    /// <summary>Hunts.</summary>
    public async Task<MutantVerdict> RunAsync(CancellationToken cancellation)
    {
        var first = Math.Min(FirstSeeds, budget);
        foreach (var method in mutant.Hunts)
        {
            if (await TryAsync(method, 1, first, cancellation) is { } end)
                return end;
        }

        foreach (var method in mutant.Hunts.Where(method => method.TakesSeeds && budget > first))
        {
            if (await TryAsync(method, first + 1, budget, cancellation) is { } end)
                return end;
        }

        return Verdict(MutantFate.NotFound, mutant.Hunts[^1], null, null);
    }

    /// <summary>One method; null if it came to its end and found nothing.</summary>
    public async Task<MutantVerdict?> TryAsync(HuntMethod method, ulong firstSeed, ulong lastSeed, CancellationToken cancellation)
    {
        if (method.IsTorture)
            return await TortureAsync(method, cancellation);
        List<string> arguments = [.. method.Line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--json"];
        var limit = PatienceOfOthers;
        if (method.TakesSeeds)
        {
            arguments.AddRange(["--no-shrink", "--jobs", "1", "--seeds", string.Create(CultureInfo.InvariantCulture, $"{firstSeed}..{lastSeed}")]);
            limit = Patience + ((lastSeed - firstSeed + 1) * PatienceForSeed);
        }

        var result = await lab.RunAsync(arguments, limit, cancellation);
        if (result.ExitCode is null)
            return Verdict(MutantFate.Broken, method, null, $"{method.Line} had not ended after {limit.TotalSeconds:0} s.");
        if (result.ExitCode is not (ExitCodes.Fine or ExitCodes.Violation) && !IsOnlyThin(result))
            return Verdict(MutantFate.Broken, method, null, $"{method.Line} ended with exit code {result.ExitCode}: {result.FirstLine}");
        if (result.ExitCode == ExitCodes.Violation)
            return Read(method, firstSeed, result.Output);
        _seeds += method.TakesSeeds ? lastSeed - firstSeed + 1 : 0;
        return null;
    }

    private async Task<MutantVerdict?> TortureAsync(HuntMethod method, CancellationToken cancellation)
    {
        var hunt = new TortureHunt(lab, method);
        try
        {
            var found = await hunt.RunAsync(mutant.Id == Mutant.Unmutated ? RunsOfUnmutated : ulong.MaxValue, cancellation);
            _seeds += hunt.Runs;
            return found is { } violation ? Verdict(MutantFate.Found, method, violation.Checker, violation.Message) : null;
        }
        catch (LabException failure)
        {
            return Verdict(MutantFate.Broken, method, null, failure.Message);
        }
    }

    /// <summary>A few seeds may be clean and yet too few for all that must happen in a hunt: here that is nothing.</summary>
    private static bool IsOnlyThin(HelperResult result)
    {
        if (result.ExitCode != ExitCodes.Undecided || result.Output.Length == 0)
            return false;
        using var report = JsonDocument.Parse(result.Output);
        return report.RootElement.TryGetProperty("cleanSeeds", out var clean) && report.RootElement.TryGetProperty("seeds", out var seeds)
            && SeedRange.TryParse(seeds.GetString() ?? "", out var range) && clean.GetUInt64() == range.Count;
    }

    /// <summary>Commands tell a violation as an object with the invariant's name, or as a sentence.</summary>
    private MutantVerdict Read(HuntMethod method, ulong firstSeed, string output)
    {
        using var report = JsonDocument.Parse(output);
        if (!report.RootElement.TryGetProperty("violation", out var violation) || violation.ValueKind is not (JsonValueKind.Object or JsonValueKind.String))
            return Verdict(MutantFate.Broken, method, null, $"{method.Line} tells of a violation and not of which.");
        if (violation.ValueKind == JsonValueKind.String)
            return Verdict(MutantFate.Found, method, method.Name, violation.GetString());
        ulong? seed = method.TakesSeeds ? violation.GetProperty("seed").GetUInt64() : null;
        _seeds += seed is { } found ? found - firstSeed + 1 : 0;
        return Verdict(MutantFate.Found, method, violation.GetProperty("invariant").GetString(), violation.GetProperty("message").GetString()) with { Seed = seed };
    }

    private MutantVerdict Verdict(MutantFate fate, HuntMethod method, string? invariant, string? message) =>
        new(mutant, fate) { Hunt = method, Seeds = _seeds, Seconds = _watch.Elapsed.TotalSeconds, Invariant = invariant, Message = message };
}

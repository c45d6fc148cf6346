using System.CommandLine;
using Command = System.CommandLine.Command;

namespace RaftStream.Lab.Mutants;

/// <summary><c>raftstream-lab mutants</c>: plants known bugs one by one and requires each to be found.</summary>
internal static class MutantsCommand
{
    private const ulong MaxBudget = 20_000;

    public static Command Create()
    {
        var only = new Option<string?>("--only") { Description = "Only these, comma-separated: E1,L3, or E for all whose id begins so." };
        var budget = new Option<ulong>("--budget") { Description = "Seeds a mutant may take with each method, 1 to 20000.", DefaultValueFactory = static _ => 500 };
        var jobs = new Option<int>("--jobs") { Description = "Mutants at a time.", DefaultValueFactory = static _ => Environment.ProcessorCount };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object at the end instead of text." };
        var markdown = new Option<FileInfo?>("--markdown") { Description = "Writes the verdicts as a page of the documentation, too." };
        var hunt = new Option<string?>("--hunt") { Description = "Hunts with this command of the lab instead of those that the bugs' files name: \"torture --time 30\"." };
        var command = new Command("mutants", "Plants the bugs of tests/mutants one by one into copies of the code and hunts them; exit code 1 if one survives.") { only, budget, jobs, json, markdown, hunt };
        command.SetAction((parsed, cancellation) => RunAsync(
            new(parsed.GetValue(only), parsed.GetValue(budget), parsed.GetValue(jobs), parsed.GetValue(json), parsed.GetValue(markdown)) { Hunt = parsed.GetValue(hunt) }, Console.Out, Console.Error, cancellation));
        return command;
    }

    /// <summary>Runs the command, its words going to the writers given.</summary>
    public static async Task<int> RunAsync(MutantsArguments arguments, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        if (arguments.Budget is < 1 or > MaxBudget)
            return await RefuseAsync(error, $"--budget {arguments.Budget} is out of range: give 1 to {MaxBudget}.");
        if (arguments.Jobs is < 1 or > 256)
            return await RefuseAsync(error, $"--jobs {arguments.Jobs} is out of range: give 1 to 256.");
        if (FindRoot() is not { } root)
            return await RefuseAsync(error, "The bugs are planted into the source code, which is not here: run the command in a clone of the repository.");
        if (!MutantFile.TryReadAll(Path.Combine(root, "tests", "mutants"), out var mutants, out var problem) || !TrySelect(arguments.Only, ref mutants, out problem) || Misfit(root, mutants, out problem))
            return await RefuseAsync(error, problem!);
        if (arguments.Hunt is { } line)
            mutants = [.. mutants.Select(mutant => mutant with { Hunts = [new(line)] })];
        var gate = new Lock();
        var suite = new MutantSuite(root, arguments.Budget, arguments.Jobs);
        if (!arguments.Json)
        {
            suite.Judged = verdict =>
            {
                lock (gate)
                    output.WriteLine(MutantsText.Line(verdict));
            };
        }

        IReadOnlyList<MutantVerdict> verdicts;
        try
        {
            verdicts = await suite.RunAsync(mutants, cancellation);
        }
        catch (LabException failure)
        {
            await error.WriteLineAsync(failure.Message);
            return ExitCodes.Internal;
        }

        await output.WriteLineAsync(arguments.Json ? MutantsText.Json(verdicts) : MutantsText.Counts(verdicts));
        if (arguments.Markdown is { } page)
            await File.WriteAllTextAsync(page.FullName, MutantsText.Markdown(verdicts), cancellation);
        return MutantsText.IsFine(verdicts) ? ExitCodes.Fine : ExitCodes.Violation;
    }

    /// <summary>The repository: above where the command is called, or above where the program was built.</summary>
    private static string? FindRoot() => new[] { Environment.CurrentDirectory, AppContext.BaseDirectory }.Select(static start =>
    {
        var folder = new DirectoryInfo(start);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "tests", "mutants")))
            folder = folder.Parent;
        return folder?.FullName;
    }).FirstOrDefault(static root => root is not null);

    private static bool TrySelect(string? only, ref List<Mutant> mutants, out string? problem)
    {
        problem = null;
        if (only is null)
            return true;
        var selected = new List<Mutant>();
        foreach (var name in only.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var meant = mutants.FindAll(mutant => mutant.Id == name || (!name.Any(char.IsDigit) && mutant.Id.StartsWith(name, StringComparison.Ordinal)));
            if (meant.Count == 0)
            {
                problem = $"--only {name} is no planted bug: there are {string.Join(", ", mutants.Select(static mutant => mutant.Id))}.";
                return false;
            }

            selected.AddRange(meant.Except(selected));
        }

        if (selected.Count == 0)
            problem = "--only names nothing: give ids such as E1,L3.";
        mutants = selected;
        return problem is null;
    }

    /// <summary>Whether a mutant's old lines do not fit the code: found before anything is hunted.</summary>
    private static bool Misfit(string root, List<Mutant> mutants, out string? problem)
    {
        problem = null;
        foreach (var mutant in mutants)
        {
            if (mutant.TryApply(root, out _, out problem))
                continue;
            problem = $"{mutant.Id}.txt: {problem}";
            return true;
        }

        return false;
    }

    private static async Task<int> RefuseAsync(TextWriter error, string problem)
    {
        await error.WriteLineAsync(problem);
        return ExitCodes.BadUsage;
    }
}

/// <summary>What the command was asked.</summary>
internal sealed record MutantsArguments(string? Only, ulong Budget, int Jobs, bool Json, FileInfo? Markdown)
{
    /// <summary>The command to hunt with; null for those that each bug's file names.</summary>
    public string? Hunt { get; init; }
}

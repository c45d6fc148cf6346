using System.Diagnostics;

namespace RaftStream.Lab.Mutants;

/// <summary>Hunts many mutants, some at a time, and then the code as it is with the same methods and seeds: there nothing may be found.</summary>
internal sealed class MutantSuite(string root, ulong budget, int jobs)
{
    private readonly Dictionary<string, ProjectCompiler> _compilers = new(StringComparer.Ordinal);

    /// <summary>Called for each verdict as it is known, from any thread.</summary>
    public Action<MutantVerdict>? Judged { get; set; }

    /// <summary>Hunts these mutants, the verdicts in their order; after them one for each method on the unmutated code.</summary>
    /// <exception cref="LabException">A project cannot be compiled even as it is.</exception>
    public async Task<IReadOnlyList<MutantVerdict>> RunAsync(IReadOnlyList<Mutant> mutants, CancellationToken cancellation)
    {
        foreach (var project in mutants.SelectMany(static mutant => mutant.Edits).Select(edit => ProjectOf(edit.Target)).Distinct(StringComparer.Ordinal))
            _compilers[project] = await ProjectCompiler.OfAsync(project, cancellation);
        var verdicts = new MutantVerdict[mutants.Count];
        await EachAsync(mutants.Count, async place => Tell(verdicts[place] = await HuntAsync(mutants[place], cancellation)), cancellation);
        return [.. verdicts, .. await HuntUnmutatedAsync(verdicts, cancellation)];
    }

    /// <summary>How far each method went on any mutant.</summary>
    private static Dictionary<HuntMethod, ulong> Reached(IEnumerable<MutantVerdict> verdicts)
    {
        var reached = new Dictionary<HuntMethod, ulong>();
        foreach (var verdict in verdicts.Where(static verdict => verdict.Mutant.CanExist && verdict.Hunt is not null))
        {
            foreach (var method in verdict.Mutant.Hunts)
            {
                var isFinder = verdict.Fate == MutantFate.Found && method == verdict.Hunt;
                var seeds = isFinder ? verdict.Seed ?? 0 : 0;
                reached[method] = Math.Max(reached.GetValueOrDefault(method), seeds);
                if (isFinder)
                    break;
            }
        }

        return reached;
    }

    private async Task<MutantVerdict> HuntAsync(Mutant mutant, CancellationToken cancellation)
    {
        if (!mutant.CanExist)
            return new(mutant, mutant.Impossible is not null ? MutantFate.Impossible : MutantFate.Pending) { Message = mutant.Impossible ?? mutant.Pending };
        if (!mutant.TryApply(root, out var files, out var problem))
            return new(mutant, MutantFate.Broken) { Message = problem };
        using var lab = LabCopy.Create(mutant.Id);
        var watch = Stopwatch.StartNew();
        foreach (var project in files.GroupBy(file => ProjectOf(file.Key), StringComparer.Ordinal))
        {
            var changed = project.ToDictionary(file => Path.Combine(root, file.Key), static file => file.Value, StringComparer.Ordinal);
            if (await _compilers[project.Key].CompileAsync(changed, lab.Folder, cancellation) is { } complaint)
                return new(mutant, MutantFate.Broken) { Message = $"It does not compile: {complaint}", CompileSeconds = watch.Elapsed.TotalSeconds };
        }

        var compiled = watch.Elapsed.TotalSeconds;
        return await new MutantHunt(mutant, lab, budget).RunAsync(cancellation) with { CompileSeconds = compiled };
    }

    /// <summary>The same compiler, the same copies, the same seeds, and no change: whatever is found here is no merit of a mutant's.</summary>
    private async Task<IReadOnlyList<MutantVerdict>> HuntUnmutatedAsync(IReadOnlyList<MutantVerdict> verdicts, CancellationToken cancellation)
    {
        if (_compilers.Count == 0)
            return [];
        using var lab = LabCopy.Create(Mutant.Unmutated);
        foreach (var compiler in _compilers.Values)
        {
            if (await compiler.CompileAsync(new Dictionary<string, string>(StringComparer.Ordinal), lab.Folder, cancellation) is { } complaint)
                throw new LabException($"{compiler.Assembly} does not compile as it is: {complaint}");
        }

        var methods = Reached(verdicts).OrderBy(static pair => pair.Key.Line, StringComparer.Ordinal).ToArray();
        var results = new MutantVerdict[methods.Length];
        await EachAsync(
            methods.Length,
            async place =>
            {
                var (method, seeds) = methods[place];
                var mutant = new Mutant { Id = Mutant.Unmutated, Bug = "The code as it is.", Hunts = [method] };
                var last = seeds == 0 ? budget : seeds;
                var hunt = new MutantHunt(mutant, lab, last);
                Tell(results[place] = await hunt.TryAsync(method, 1, last, cancellation)
                    ?? new(mutant, MutantFate.NotFound) { Hunt = method, Seeds = method.TakesSeeds ? last : 0 });
            },
            cancellation);
        return results;
    }

    private string ProjectOf(string target) =>
        ProjectCompiler.ProjectOf(root, target) ?? throw new LabException($"No project compiles {target}: name a source file of one.");

    private void Tell(MutantVerdict verdict) => Judged?.Invoke(verdict);

    private Task EachAsync(int count, Func<int, Task> work, CancellationToken cancellation) =>
        Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellation }, async (place, _) => await work(place));
}

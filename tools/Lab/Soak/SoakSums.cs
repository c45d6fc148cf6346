using System.Globalization;
using System.Text.Json;
using RaftStream.Testing;

namespace RaftStream.Lab.Soak;

/// <summary>What a soak has come to so far. Its size does not grow with the number of runs.</summary>
internal sealed class SoakSums
{
    /// <summary>The file that holds this, in the folder of the soak.</summary>
    public const string FileName = "soak.json";

    /// <summary>How many runs ended.</summary>
    public long Runs { get; private set; }

    /// <summary>How many of them with each verdict.</summary>
    public SortedDictionary<string, long> Verdicts { get; } = new(StringComparer.Ordinal);

    /// <summary>How many operations clients did.</summary>
    public long Operations { get; private set; }

    /// <summary>How long it went on, in seconds.</summary>
    public double Seconds { get; private set; }

    /// <summary>By nemesis: how often it struck, and how often it was seen to take effect.</summary>
    public SortedDictionary<string, SoakFaults> Faults { get; } = new(StringComparer.Ordinal);

    /// <summary>Nemeses that no run saw to take effect: of these nothing is proven.</summary>
    public IReadOnlyList<string> NeverTookEffect => [.. NemesisCatalog.Names.Where(name => Faults.GetValueOrDefault(name) is not { TookEffect: > 0 })];

    /// <summary>What was left out, and why: a sentence each.</summary>
    public IReadOnlyList<string> LeftOut { get; private set; } = [];

    /// <summary>The folders of runs that were not clean and are kept, the worst first.</summary>
    public IReadOnlyList<string> Kept { get; private set; } = [];

    /// <summary>Folders that could not be removed, and why.</summary>
    public IReadOnlyList<string> NotRemoved { get; private set; } = [];

    /// <summary>0: all were clean; 1: one found a violation; 2: some proved too little or came to no end, or there was none.</summary>
    public int ExitCode => Verdicts.ContainsKey(SoakOutcome.Violation) ? ExitCodes.Violation : Runs > 0 && Verdicts.GetValueOrDefault(SoakOutcome.Clean) == Runs ? ExitCodes.Fine : ExitCodes.Undecided;

    /// <summary>Adds a run.</summary>
    public void Add(SoakOutcome outcome)
    {
        Runs++;
        Operations += outcome.Operations;
        Verdicts[outcome.Verdict] = Verdicts.GetValueOrDefault(outcome.Verdict) + 1;
        foreach (var (nemesis, more) in outcome.Faults)
        {
            var before = Faults.GetValueOrDefault(nemesis, new(0, 0));
            Faults[nemesis] = new(before.Count + more.Count, before.TookEffect + more.TookEffect);
        }
    }

    /// <summary>Writes it into a folder, whole or not at all.</summary>
    public void Write(string folder, TimeSpan length, IReadOnlyList<string> leftOut, KeptRuns kept)
    {
        (Seconds, LeftOut, Kept, NotRemoved) = (length.TotalSeconds, leftOut, kept.Failed, kept.Stuck);
        var file = Path.Combine(folder, FileName);
        File.WriteAllText(file + ".new", Json() + "\n");
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>As one line of JSON.</summary>
    public string Json() => JsonSerializer.Serialize(this, LabJson.Options);

    /// <summary>As the command prints it at its end.</summary>
    public string Text()
    {
        List<string> lines = [string.Create(CultureInfo.InvariantCulture, $"{Runs:N0} runs in {TimeSpan.FromSeconds(Seconds):d\\.hh\\:mm\\:ss}, {Operations:N0} operations: {string.Join(", ", Verdicts.Select(static pair => $"{pair.Value:N0} {pair.Key}"))}")];
        lines.AddRange(Faults.Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key,-18} {pair.Value.Count,6} times, {pair.Value.TookEffect,6} with effect")));
        if (NeverTookEffect.Count > 0)
            lines.Add("In no run seen to take effect: " + string.Join(", ", NeverTookEffect));
        lines.AddRange(NotRemoved);
        lines.AddRange(Kept.Select(static name => "kept: " + name));
        return string.Join(Environment.NewLine, lines);
    }
}

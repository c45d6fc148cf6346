using System.Reflection;

namespace RaftStream.Testing;

/// <summary>
/// What must have happened in a hunt, or its silence proves nothing. Each name is required from a number of seeds on at which it was measured never
/// to be missing by chance: see <c>RequiredCoverage.txt</c>, and <c>RequiredJobCoverage.txt</c> for stream jobs.
/// </summary>
public sealed class RequiredCoverage
{
    /// <summary>A hunt of fewer seeds is too small to be judged.</summary>
    public const int MinSeeds = 200;

    private static readonly Lazy<IReadOnlyList<Rule>> Rules = new(static () => Read("RequiredCoverage.txt"));
    private static readonly Lazy<IReadOnlyList<Rule>> JobRules = new(static () => Read("RequiredJobCoverage.txt"));

    private RequiredCoverage(int required, IReadOnlyList<string> missing) => (Required, Missing) = (required, missing);

    /// <summary>How many names were required.</summary>
    public int Required { get; }

    /// <summary>Which of them never happened.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Judges a hunt of whole seeds of at least 10,000 steps with nothing left out. Null: it is too small.</summary>
    /// <param name="counts">What happened, by name.</param>
    /// <param name="seeds">How many seeds.</param>
    /// <param name="nodes">On how many nodes: 3 or 5.</param>
    public static RequiredCoverage? Judge(IReadOnlyDictionary<string, long> counts, ulong seeds, int nodes) => Judge(counts, seeds, nodes, OwnLoad.Store);

    /// <inheritdoc cref="Judge(IReadOnlyDictionary{string, long}, ulong, int)"/>
    internal static RequiredCoverage? Judge(IReadOnlyDictionary<string, long> counts, ulong seeds, int nodes, OwnLoad load)
    {
        ArgumentNullException.ThrowIfNull(counts);
        if (seeds < MinSeeds)
            return null;
        var required = (load == OwnLoad.Jobs ? JobRules : Rules).Value.Where(rule => seeds >= (ulong)(nodes == 3 ? rule.On3 : rule.On5)).Select(static rule => rule.Name).ToList();
        return new(required.Count, [.. required.Where(name => counts.GetValueOrDefault(name) == 0)]);
    }

    private static List<Rule> Read(string table)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(table);
        Invariant.Check(stream is not null, "the table of required coverage is part of the assembly");
        using var reader = new StreamReader(stream!);
        var rules = new List<Rule>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            var fields = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            rules.Add(new(Seeds(fields[0]), Seeds(fields[1]), fields[2].Trim()));
        }

        return rules;

        static int Seeds(string text) => text == "-" ? int.MaxValue : int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    private sealed record Rule(int On3, int On5, string Name);
}

namespace RaftStream.StreamStateMachine;

/// <summary>What can be told to be wrong before a record comes.</summary>
internal static class TopologyChecks
{
    private const int MostNodes = 10_000;
    private const int MostSources = 200;

    public static IReadOnlyList<string> Look(TopologyGraph graph)
    {
        var problems = new List<string>();
        var nodes = graph.Nodes;
        if (!nodes.OfType<ISourceNode>().Any())
            problems.Add("It has no source: begin with From or Ingest.");
        if (nodes.Count > MostNodes || nodes.OfType<ISourceNode>().Count() > MostSources)
            problems.Add($"It has more than {MostNodes} operators or {MostSources} sources: make it several jobs.");
        if (!nodes.Any(static node => node.IsStateful))
            problems.Add("It keeps nothing and has no sink, so nothing would come of it: end it with a table or a sink.");
        foreach (var name in nodes.GroupBy(static node => node.Name, StringComparer.Ordinal).Where(static group => group.Count() > 1).Select(static group => group.Key))
            problems.Add($"Several operators are called '{name}': give each a name of its own.");
        foreach (var node in nodes.Where(static node => !StoreLimits.IsName(node.Name)))
            problems.Add($"'{node.Name}' is no name: names have 1 to {StoreLimits.MaxNameChars} characters and no control character.");
        foreach (var name in graph.Tables.GroupBy(static table => table.Name, StringComparer.Ordinal).Where(static group => group.Count() > 1).Select(static group => group.Key))
            problems.Add($"Several tables are called '{name}': give each a name of its own.");
        foreach (var node in nodes)
            problems.AddRange(node.Problems);
        foreach (var node in nodes.Where(static node => node.RunsInApply))
            problems.AddRange(DeterminismCheck.Look(node));
        return problems;
    }
}

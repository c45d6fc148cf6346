namespace RaftStream.StreamStateMachine;

/// <summary>Numbers the sets of sources that operators depend on. Operators of one set share a watermark.</summary>
internal static class TopologyDomains
{
    /// <summary>Numbers the operators that run in <c>Apply</c>; gives the sets, a part before the whole.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> Number(IReadOnlyList<TopologyNode> nodes)
    {
        var sets = nodes.Where(static node => node.RunsInApply)
            .Select(SourcesOf)
            .DistinctBy(static set => string.Join(',', set), StringComparer.Ordinal)
            .OrderBy(static set => set.Count).ThenBy(static set => string.Join(',', set), StringComparer.Ordinal)
            .ToList();
        foreach (var node in nodes.Where(static node => node.RunsInApply))
            node.Domain = sets.FindIndex(set => set.SequenceEqual(SourcesOf(node)));
        return sets;
    }

    private static IReadOnlyList<int> SourcesOf(TopologyNode node) => [.. node.Sources.Distinct().Order()];
}

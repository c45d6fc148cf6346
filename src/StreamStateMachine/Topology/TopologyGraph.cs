namespace RaftStream.StreamStateMachine;

/// <summary>The operators of a topology under construction, in the order of declaration.</summary>
internal sealed class TopologyGraph(string job)
{
    private readonly List<TopologyNode> _nodes = [];

    /// <summary>The job's name.</summary>
    public string Job => job;

    public IReadOnlyList<TopologyNode> Nodes => _nodes;

    /// <summary>The tables that can be asked for, by name.</summary>
    public List<TableInfo> Tables { get; } = [];

    /// <summary>Whether the topology was built and takes no more operators.</summary>
    public bool IsBuilt { get; set; }

    /// <exception cref="InvalidOperationException">The topology was built already.</exception>
    public void Add(TopologyNode node)
    {
        if (IsBuilt)
            throw new InvalidOperationException($"The topology was built already: declare '{node.Name}' before Build().");
        _nodes.Add(node);
    }
}

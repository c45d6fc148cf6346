namespace RaftStream.StreamStateMachine;

/// <summary>
/// A topology that is complete and was checked: what readers and replicas run. All nodes of a cluster must run the same one; its fingerprint, which stands in the log, tells.
/// </summary>
public sealed class Job
{
    internal Job(string name, TopologyGraph graph, JobOptions options)
    {
        (Name, Nodes, Options) = (name, graph.Nodes, options);
        Sources = [.. Nodes.OfType<ISourceNode>()];
        Sinks = [.. Nodes.OfType<SinkNode>()];
        Files = [.. Nodes.OfType<FileSinkNode>()];
        Tables = graph.Tables.ToDictionary(static table => table.Name, StringComparer.Ordinal);
        var ingresses = new List<Ingress>();
        foreach (var node in Nodes.Where(static node => !node.RunsInApply))
            node.AddIngresses(ingresses);
        Ingresses = ingresses;
        Domains = TopologyDomains.Number(Nodes);
        Fingerprint = KeyHash.Of(TopologyText.Write(this));
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>A hash of everything that decides what commands mean: operators, their order, sizes, layouts; not the code of functions.</summary>
    public ulong Fingerprint { get; }

    internal JobOptions Options { get; }

    internal IReadOnlyList<TopologyNode> Nodes { get; }

    internal IReadOnlyList<ISourceNode> Sources { get; }

    internal IReadOnlyList<SinkNode> Sinks { get; }

    internal IReadOnlyList<FileSinkNode> Files { get; }

    internal IReadOnlyDictionary<string, TableInfo> Tables { get; }

    internal IReadOnlyList<Ingress> Ingresses { get; }

    /// <summary>The sets of sources that operators depend on; a set that is part of another one comes before it.</summary>
    internal IReadOnlyList<IReadOnlyList<int>> Domains { get; }

    /// <summary>The topology as text: one line for each operator, where it runs, what feeds it, and one for each sink, what it promises.</summary>
    public string Describe() => TopologyText.Write(this) + TopologyText.WriteGuarantees(this);

    /// <summary>The topology as a flow chart in the language of Mermaid.</summary>
    public string ToMermaid() => TopologyMermaid.Write(this);
}

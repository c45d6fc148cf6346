namespace RaftStream.StreamStateMachine;

/// <summary>
/// An operator of a topology as it was declared: what it is and where its input comes from. It is the same for all replicas and readers; those
/// make receivers of it, which do the work.
/// </summary>
/// <remarks>
/// Everything up to the first operator that keeps state runs on the node that reads the source. From there on it runs in <c>Apply</c>, on every
/// replica, and must be deterministic. Numbers are given out in the order of declaration, so inputs have smaller ones than what they feed.
/// </remarks>
internal abstract class TopologyNode
{
    protected TopologyNode(TopologyGraph graph, string kind, string? name, params TopologyNode[] inputs)
    {
        (Graph, Kind, Inputs, Id) = (graph, kind, inputs, graph.Nodes.Count);
        Name = name ?? $"{kind}-{Id}";
        foreach (var input in inputs)
        {
            if (input.Graph != graph)
                throw new ArgumentException($"'{input.Name}' belongs to job '{input.Graph.Job}' and cannot feed '{Name}' of job '{graph.Job}': declare both with one StreamBuilder.", nameof(inputs));
        }

        graph.Add(this);
    }

    public TopologyGraph Graph { get; }

    /// <summary>Its place in the order of declaration; part of the keys of its state.</summary>
    public int Id { get; }

    /// <summary>What it does: the method that declared it.</summary>
    public string Kind { get; }

    /// <summary>Unique in the topology.</summary>
    public string Name { get; }

    public IReadOnlyList<TopologyNode> Inputs { get; }

    /// <summary>What else decides its results and its bytes: sizes of windows, layouts of values.</summary>
    public virtual string Detail => "";

    /// <summary>Whether it keeps state or writes for sinks.</summary>
    public virtual bool IsStateful => false;

    /// <summary>Whether it runs in <c>Apply</c>, on every replica.</summary>
    public bool RunsInApply => IsStateful || Inputs.Any(static input => input.RunsInApply);

    /// <summary>Which sources it gets records from, directly or not.</summary>
    public virtual IEnumerable<int> Sources => Inputs.SelectMany(static input => input.Sources);

    /// <summary>The number of its set of sources, whose watermark is its own.</summary>
    public int Domain { get; set; }

    /// <summary>Whether its code may reach outside of the job although it runs on every replica, for nothing comes of it.</summary>
    public virtual bool MayLookOutside => false;

    /// <summary>Code of the user's that runs in this operator.</summary>
    public virtual IEnumerable<Delegate> UserCode => [];

    /// <summary>Adds the edges that lead from this operator, which runs at the reader, into <c>Apply</c>.</summary>
    public virtual void AddIngresses(List<Ingress> ingresses)
    {
        // A sink has no edges.
    }

    /// <summary>What a sink promises, in a sentence; null for what is none. Not part of the fingerprint.</summary>
    public virtual string? Guarantee => null;

    /// <summary>Looks for what is missing or cannot be: a sentence each.</summary>
    public virtual IEnumerable<string> Problems => [];
}

/// <summary>One of the inputs of an operator: where it takes records of a type.</summary>
internal interface IInput<T>
{
    /// <summary>The operator.</summary>
    TopologyNode Node { get; }

    /// <summary>Makes the receiver that does the operator's work in a pipeline; asked once for each pipeline.</summary>
    IReceiver<T> Connect(Pipeline pipeline);
}

/// <summary>An operator that gives out records.</summary>
internal abstract class StreamNode<T>(TopologyGraph graph, string kind, string? name, params TopologyNode[] inputs) : TopologyNode(graph, kind, name, inputs)
{
    private ICodec<T>? _codec;

    /// <summary>How its records are written where they cross the log; null where nobody said and the type has no codec of its own.</summary>
    public ICodec<T>? Codec
    {
        get => _codec ?? (Codecs.TryFind<T>(out var known) ? known : null);
        set => _codec = value;
    }

    /// <summary>What takes its records, in the order of declaration.</summary>
    public List<IInput<T>> Consumers { get; } = [];

    public override void AddIngresses(List<Ingress> ingresses)
    {
        foreach (var consumer in Consumers)
        {
            if (consumer.Node.RunsInApply)
                ingresses.Add(new Ingress<T>(ingresses.Count, this, consumer));
        }
    }

    public override IEnumerable<string> Problems => Codec is null && !RunsInApply && Consumers.Exists(static consumer => consumer.Node.RunsInApply)
        ? [$"'{Name}' gives out {typeof(T).Name}, which crosses the log and has no codec here: say how it is written, with WithCodec(...)."]
        : [];
}

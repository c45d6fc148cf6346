namespace RaftStream.StreamStateMachine;

/// <summary>Lets the records through that a predicate holds for.</summary>
internal sealed class FilterNode<T>(TopologyGraph graph, string? name, StreamNode<T> from, Func<T, bool> keep) : StreamNode<T>(graph, "filter", name, from), IInput<T>
{
    public TopologyNode Node => this;

    public override IEnumerable<Delegate> UserCode => [keep];

    public IReceiver<T> Connect(Pipeline pipeline) => new Receiver(keep, pipeline.Behind(this));

    private sealed class Receiver(Func<T, bool> keep, IReceiver<T> next) : IReceiver<T>
    {
        public void Receive(in Record<T> record)
        {
            if (keep(record.Value))
                next.Receive(record);
        }
    }
}

/// <summary>Makes another record of each.</summary>
internal sealed class MapNode<TIn, TOut>(TopologyGraph graph, string kind, string? name, StreamNode<TIn> from, Func<TIn, TOut> map)
    : StreamNode<TOut>(graph, kind, name, from), IInput<TIn>
{
    public TopologyNode Node => this;

    public override IEnumerable<Delegate> UserCode => [map];

    public IReceiver<TIn> Connect(Pipeline pipeline) => new Receiver(map, pipeline.Behind(this));

    private sealed class Receiver(Func<TIn, TOut> map, IReceiver<TOut> next) : IReceiver<TIn>
    {
        public void Receive(in Record<TIn> record) => next.Receive(new(map(record.Value), record.Time));
    }
}

/// <summary>Makes any number of records of each.</summary>
internal sealed class FlatMapNode<TIn, TOut>(TopologyGraph graph, string? name, StreamNode<TIn> from, Func<TIn, IEnumerable<TOut>> map)
    : StreamNode<TOut>(graph, "flatMap", name, from), IInput<TIn>
{
    public TopologyNode Node => this;

    public override IEnumerable<Delegate> UserCode => [map];

    public IReceiver<TIn> Connect(Pipeline pipeline) => new Receiver(map, pipeline.Behind(this));

    private sealed class Receiver(Func<TIn, IEnumerable<TOut>> map, IReceiver<TOut> next) : IReceiver<TIn>
    {
        public void Receive(in Record<TIn> record)
        {
            foreach (var value in map(record.Value))
                next.Receive(new(value, record.Time));
        }
    }
}

/// <summary>Shows each record to somebody, and lets it through. At the reader that may happen more than once for a record; in <c>Apply</c>, on every replica.</summary>
internal sealed class PeekNode<T>(TopologyGraph graph, string? name, StreamNode<T> from, Action<T> look) : StreamNode<T>(graph, "peek", name, from), IInput<T>
{
    public TopologyNode Node => this;

    public override bool MayLookOutside => true;

    public override IEnumerable<Delegate> UserCode => [look];

    public IReceiver<T> Connect(Pipeline pipeline) => new Receiver(look, pipeline.Behind(this));

    private sealed class Receiver(Action<T> look, IReceiver<T> next) : IReceiver<T>
    {
        public void Receive(in Record<T> record)
        {
            look(record.Value);
            next.Receive(record);
        }
    }
}

/// <summary>Several streams as one, in the order in which their records come.</summary>
internal sealed class MergeNode<T> : StreamNode<T>, IInput<T>
{
    public MergeNode(TopologyGraph graph, string? name, StreamNode<T>[] from)
        : base(graph, "merge", name, [.. from]) => Codec = from[0].Codec;

    public TopologyNode Node => this;

    public IReceiver<T> Connect(Pipeline pipeline) => pipeline.Behind(this);
}

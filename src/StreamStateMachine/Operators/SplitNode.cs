namespace RaftStream.StreamStateMachine;

/// <summary>Gives each record to the first branch that wants it.</summary>
internal sealed class SplitNode<T> : StreamNode<T>, IInput<T>
{
    private readonly Func<T, bool>[] _wants;
    private readonly BranchNode[] _branches;

    public SplitNode(TopologyGraph graph, string? name, StreamNode<T> from, Func<T, bool>[] wants)
        : base(graph, "split", name, from)
    {
        _wants = wants;
        Codec = from.Codec;
        _branches = [.. Enumerable.Range(0, wants.Length + 1).Select(number => new BranchNode(graph, $"{Name}-{number + 1}", this))];
    }

    public TopologyNode Node => this;

    public override IEnumerable<Delegate> UserCode => _wants;

    /// <summary>One for each predicate, and one for the records that nobody wants.</summary>
    public IReadOnlyList<StreamNode<T>> Branches => _branches;

    public IReceiver<T> Connect(Pipeline pipeline) => new Receiver(_wants, [.. _branches.Select(pipeline.Behind)]);

    /// <summary>What a branch gives out is decided by the split, which stands before it.</summary>
    private sealed class BranchNode : StreamNode<T>
    {
        public BranchNode(TopologyGraph graph, string name, StreamNode<T> from)
            : base(graph, "branch", name, from) => Codec = from.Codec;
    }

    private sealed class Receiver(Func<T, bool>[] wants, IReceiver<T>[] branches) : IReceiver<T>
    {
        public void Receive(in Record<T> record)
        {
            var branch = 0;
            while (branch < wants.Length && !wants[branch](record.Value))
                branch++;
            branches[branch].Receive(record);
        }
    }
}

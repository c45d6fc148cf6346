namespace RaftStream.StreamStateMachine;

/// <summary>Puts records into partitions by what they hold or by their time.</summary>
internal sealed class ChooseNode<T> : StreamNode<Keyed<int, T>>, IInput<T>
{
    private readonly Partitioning<T> _partitioning;

    public ChooseNode(TopologyGraph graph, string? name, StreamNode<T> from, Partitioning<T> partitioning, ICodec<T> value)
        : base(graph, "partitionBy", name, from)
    {
        _partitioning = partitioning;
        Codec = new KeyedCodec<int, T>(KeyCodecs.Int32, value);
    }

    public TopologyNode Node => this;

    public override string Detail => _partitioning.Detail;

    public override IEnumerable<Delegate> UserCode => [_partitioning.Choose!];

    public IReceiver<T> Connect(Pipeline pipeline) => new Receiver(_partitioning.Choose!, pipeline.Behind(this));

    private sealed class Receiver(Func<T, long, int> choose, IReceiver<Keyed<int, T>> next) : IReceiver<T>
    {
        public void Receive(in Record<T> record) => next.Receive(new(new(choose(record.Value, record.Time), record.Value), record.Time));
    }
}

namespace RaftStream.StreamStateMachine;

/// <summary>Puts records into partitions in turn: which one is next is state, so that they stay even whoever reads.</summary>
internal sealed class RoundRobinNode<T> : StreamNode<Keyed<int, T>>, IInput<T>
{
    private readonly int _partitions;

    public RoundRobinNode(TopologyGraph graph, string? name, StreamNode<T> from, int partitions, ICodec<T> value)
        : base(graph, "partitionBy", name, from)
    {
        _partitions = partitions;
        Codec = new KeyedCodec<int, T>(KeyCodecs.Int32, value);
    }

    public TopologyNode Node => this;

    public override bool IsStateful => true;

    public override string Detail => $"in turn, {_partitions} partitions";

    public IReceiver<T> Connect(Pipeline pipeline) => new Receiver(_partitions, new(((ApplyPipeline)pipeline).Context, this, KeyCodecs.Int32), pipeline.Behind(this));

    private sealed class Receiver(int partitions, KeyedState<int> state, IReceiver<Keyed<int, T>> next) : IReceiver<T>
    {
        public void Receive(in Record<T> record)
        {
            state.Begin(StateKeys.Rows);
            var partition = state.TryGet(out var stored) ? Codecs.Int32.Read(stored) : 0;
            state.Put(Codecs.Int32, (partition + 1) % partitions);
            next.Receive(new(new(partition, record.Value), record.Time));
        }
    }
}

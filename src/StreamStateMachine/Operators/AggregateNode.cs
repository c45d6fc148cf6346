namespace RaftStream.StreamStateMachine;

/// <summary>One accumulator for each key: every record gives out the result that the key has from there on.</summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <typeparam name="TIn">Records, or partial accumulators.</typeparam>
/// <typeparam name="T">Records.</typeparam>
/// <typeparam name="TAcc">Accumulators.</typeparam>
/// <typeparam name="TResult">Results.</typeparam>
internal sealed class AggregateNode<TKey, TIn, T, TAcc, TResult> : StreamNode<Keyed<TKey, TResult>>, IInput<Keyed<TKey, TIn>>
{
    private readonly IKeyCodec<TKey> _key;
    private readonly Aggregation<T, TAcc, TResult> _aggregation;
    private readonly Func<TAcc, TIn, TAcc> _take;

    public AggregateNode(TopologyGraph graph, string? name, StreamNode<Keyed<TKey, TIn>> from, IKeyCodec<TKey> key, Aggregation<T, TAcc, TResult> aggregation, Func<TAcc, TIn, TAcc> take)
        : base(graph, aggregation.Name, name, from)
    {
        (_key, _aggregation, _take) = (key, aggregation, take);
        Codec = new KeyedCodec<TKey, TResult>(key, aggregation.ResultCodec);
    }

    public TopologyNode Node => this;

    public override bool IsStateful => true;

    public override string Detail => $"{_key.Name}, {_aggregation.Detail}";

    public override IEnumerable<Delegate> UserCode => _aggregation.UserCode;

    public IReceiver<Keyed<TKey, TIn>> Connect(Pipeline pipeline) =>
        new Receiver(this, new(((ApplyPipeline)pipeline).Context, this, _key), pipeline.Behind(this));

    private sealed class Receiver(AggregateNode<TKey, TIn, T, TAcc, TResult> node, KeyedState<TKey> state, IReceiver<Keyed<TKey, TResult>> next)
        : IReceiver<Keyed<TKey, TIn>>
    {
        private readonly Aggregation<T, TAcc, TResult> _aggregation = node._aggregation;

        public void Receive(in Record<Keyed<TKey, TIn>> record)
        {
            state.Begin(StateKeys.Rows, record.Value.Key);
            var accumulator = state.TryGet(out var stored) ? _aggregation.Accumulator.Read(stored) : _aggregation.Empty;
            accumulator = node._take(accumulator, record.Value.Value);
            state.Put(_aggregation.Accumulator, accumulator);
            next.Receive(new(new(record.Value.Key, _aggregation.Result(accumulator)), record.Time));
        }
    }
}

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Lets the first record of each key through, and drops those that repeat it: for ever, or within a span of event time behind the last one that was let through.
/// </summary>
internal sealed class SeenOnceNode<TKey, T> : StreamNode<Keyed<TKey, T>>, IInput<Keyed<TKey, T>>
{
    private readonly IKeyCodec<TKey> _key;
    private readonly long _within;

    /// <param name="graph">The topology.</param>
    /// <param name="kind">What it is called.</param>
    /// <param name="name">Its name.</param>
    /// <param name="from">The records.</param>
    /// <param name="key">How keys are written.</param>
    /// <param name="within">Milliseconds; 0: for ever.</param>
    public SeenOnceNode(TopologyGraph graph, string kind, string? name, StreamNode<Keyed<TKey, T>> from, IKeyCodec<TKey> key, long within)
        : base(graph, kind, name, from)
    {
        (_key, _within) = (key, within);
        Codec = from.Codec;
    }

    public TopologyNode Node => this;

    public override bool IsStateful => true;

    public override string Detail => $"{_key.Name}, {(_within == 0 ? "for ever" : $"within {_within} ms")}";

    public IReceiver<Keyed<TKey, T>> Connect(Pipeline pipeline)
    {
        var apply = (ApplyPipeline)pipeline;
        var receiver = new Receiver(this, apply.Context, pipeline.Behind(this));
        apply.AddTarget(this, receiver);
        return receiver;
    }

    private sealed class Receiver(SeenOnceNode<TKey, T> node, JobContext context, IReceiver<Keyed<TKey, T>> next) : IReceiver<Keyed<TKey, T>>, ITimerTarget
    {
        private readonly KeyedState<TKey> _state = new(context, node, node._key);
        private readonly KeyBuffer _timer = new();

        public void Receive(in Record<Keyed<TKey, T>> record)
        {
            _state.Begin(StateKeys.Rows, record.Value.Key);
            var isKnown = _state.TryGet(out var stored);
            if (isKnown && (node._within == 0 || Math.Abs(record.Time - Codecs.Int64.Read(stored)) < node._within))
                return;
            if (isKnown && record.Time < Codecs.Int64.Read(stored))
            {
                // Out of order and far before what is kept: it repeats nothing that is known, and what is known stays.
                next.Receive(record);
                return;
            }

            if (isKnown)
                context.Timers.Cancel(node, WindowSpec.After(Codecs.Int64.Read(stored), node._within), Timer());
            _state.Put(Codecs.Int64, record.Time);
            if (node._within > 0)
                context.Timers.Set(node, WindowSpec.After(record.Time, node._within), Timer());
            next.Receive(record);
        }

        /// <summary>No record on time can repeat that one any more.</summary>
        public void OnTimer(long time, ReadOnlySpan<byte> payload)
        {
            _state.Begin(StateKeys.Rows);
            _state.Key.WriteRaw(payload);
            _state.Remove();
        }

        private ReadOnlySpan<byte> Timer()
        {
            _timer.Cut(0);
            _timer.WriteRaw(_state.Key.Span[StateKeys.OperatorHead..]);
            return _timer.Span;
        }
    }
}

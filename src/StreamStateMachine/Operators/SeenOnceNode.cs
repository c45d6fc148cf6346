namespace RaftStream.StreamStateMachine;

/// <summary>
/// Lets the first record of each key through, and drops those that repeat it: for ever, or within a span of event time around one that was let through, for as long as
/// a record that is on time may lie there.
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
            if (node._within == 0 ? _state.TryGet(out _) : IsNearKnown(record.Time))
                return;
            if (node._within == 0)
                _state.Put(Codecs.Int64, record.Time);
            else
                Remember(record.Time);
            next.Receive(record);
        }

        /// <summary>No record on time can repeat that one any more.</summary>
        public void OnTimer(long time, ReadOnlySpan<byte> payload)
        {
            _state.Begin(StateKeys.Rows);
            _state.Key.WriteRaw(payload);
            _state.Remove();
        }

        /// <summary>Whether a record that was let through lies less than the span before or behind.</summary>
        private bool IsNearKnown(long time)
        {
            var prefix = _state.Key.Length;
            _state.Key.Write(time < long.MinValue + node._within ? long.MinValue : time - node._within + 1);
            var isNear = context.State.TryCeiling(_state.Key.Span, out var found, out _) && found.StartsWith(_state.Key.Span[..prefix])
                && StateKeys.Int64At(found, prefix) < WindowSpec.After(time, node._within);
            _state.Key.Cut(prefix);
            return isNear;
        }

        private void Remember(long time)
        {
            var end = WindowSpec.After(time, node._within);
            if (end <= context.WatermarkOf(node))
                return;
            _state.Key.Write(time);
            context.State.Put(_state.Key.Span, []);
            _timer.Cut(0);
            _timer.WriteRaw(_state.Key.Span[StateKeys.OperatorHead..]);
            context.Timers.Set(node, end, _timer.Span);
        }
    }
}

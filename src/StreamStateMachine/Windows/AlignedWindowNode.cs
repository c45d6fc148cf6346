namespace RaftStream.StreamStateMachine;

/// <summary>Tumbling and hopping windows, and the global one.</summary>
internal sealed class AlignedWindowNode<TKey, TIn, T, TAcc, TResult>(TopologyGraph graph, string? name, StreamNode<Keyed<TKey, TIn>> from, IKeyCodec<TKey> key, WindowSpec spec, Aggregation<T, TAcc, TResult> aggregation, Func<TAcc, TIn, TAcc> take, LateNode<TKey, TIn>? late)
    : WindowNode<TKey, TIn, T, TAcc, TResult>(graph, name, from, key, spec, aggregation, take, late)
{
    protected override WindowReceiver<TKey, TIn> Connect(JobContext context, WindowPanes<TKey, T, TAcc, TResult> panes, LateRecords<TKey, TIn> late) =>
        new Receiver(this, panes, late);

    private sealed class Receiver(AlignedWindowNode<TKey, TIn, T, TAcc, TResult> node, WindowPanes<TKey, T, TAcc, TResult> panes, LateRecords<TKey, TIn> late) : WindowReceiver<TKey, TIn>
    {
        private readonly AlignedWindows _assigner = (AlignedWindows)node.Spec.Assigner;
        private readonly List<TimeWindow> _windows = [];

        public override void Receive(in Record<Keyed<TKey, TIn>> record)
        {
            _windows.Clear();
            _assigner.Assign(record.Time, _windows);
            var isLate = true;
            foreach (var window in _windows)
            {
                if (node.Spec.IsLate(window, panes.Watermark))
                    continue;
                isLate = false;
                var windowed = new Windowed<TKey>(record.Value.Key, window);
                var pane = panes.Load(windowed, out var isNew);
                pane.Accumulator = node.Take(pane.Accumulator, record.Value.Value);
                pane.HasContents = true;
                panes.OnRecord(windowed, ref pane, isNew);
            }

            if (isLate)
                late.Take(record);
        }

        public override void OnTimer(long time, ReadOnlySpan<byte> payload) => panes.OnTimer(payload);
    }
}

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Session windows: each record has a window of its own, which ends one gap after it, and windows of a key that touch are one. A record that is late
/// by itself counts where it touches a session that is still there.
/// </summary>
/// <remarks>
/// What a session gave out before it grew together with another is not taken back, as in Flink: the results behind it are those of the
/// larger window, and as rows only that remains.
/// </remarks>
internal sealed class SessionWindowNode<TKey, TIn, T, TAcc, TResult>(TopologyGraph graph, string? name, StreamNode<Keyed<TKey, TIn>> from, IKeyCodec<TKey> key, WindowSpec spec, Aggregation<T, TAcc, TResult> aggregation, Func<TAcc, TIn, TAcc> take, LateNode<TKey, TIn>? late)
    : WindowNode<TKey, TIn, T, TAcc, TResult>(graph, name, from, key, spec, aggregation, take, late)
{
    public override IEnumerable<string> Problems => Aggregation.Merge is null
        ? [$"'{Name}' has session windows, which grow together, and '{Aggregation.Name}' cannot merge two accumulators: give it a merge function."]
        : [];

    protected override WindowReceiver<TKey, TIn> Connect(JobContext context, WindowPanes<TKey, T, TAcc, TResult> panes, LateRecords<TKey, TIn> late) =>
        new Receiver(this, context, panes, late);

    private sealed class Receiver(SessionWindowNode<TKey, TIn, T, TAcc, TResult> node, JobContext context, WindowPanes<TKey, T, TAcc, TResult> panes, LateRecords<TKey, TIn> late) : WindowReceiver<TKey, TIn>
    {
        /// <summary>The sessions that records can still change; the rows hold those, too, that are only kept to be asked for.</summary>
        private const byte Open = 1;
        private const byte ShutTag = 16;

        private readonly KeyedState<TKey> _sessions = new(context, node, node.Key);
        private readonly KeyBuffer _timer = new();
        private readonly List<TimeWindow> _touched = [];
        private readonly long _gap = ((SessionWindows)node.Spec.Assigner).Gap;

        public override void Receive(in Record<Keyed<TKey, TIn>> record)
        {
            var key = record.Value.Key;
            var window = FindTouched(key, new(record.Time, record.Time + _gap));
            if (node.Spec.IsLate(window, panes.Watermark))
            {
                late.Take(record);
                return;
            }

            var isSame = _touched.Count == 1 && _touched[0] == window;
            var merged = new Pane<TAcc> { Accumulator = node.Aggregation.Empty };
            for (var i = _touched.Count - 1; i >= 0; i--)
            {
                var pane = panes.Load(new(key, _touched[i]), out _);
                merged = i == _touched.Count - 1 ? pane : Merge(merged, pane);
                if (isSame)
                    continue;
                panes.Remove(new(key, _touched[i]));
                Shut(key, _touched[i]);
                merged.LogTimer = 0;
            }

            if (!isSame)
                Begin(key, window);
            merged.Accumulator = node.Take(merged.Accumulator, record.Value.Value);
            merged.HasContents = true;
            panes.OnRecord(new(key, window), ref merged, isNew: !isSame);
        }

        public override void OnTimer(long time, ReadOnlySpan<byte> payload)
        {
            if (payload[0] != ShutTag)
            {
                panes.OnTimer(payload);
                return;
            }

            _sessions.Begin(Open);
            _sessions.Key.WriteRaw(payload[1..]);
            _sessions.Remove();
        }

        /// <summary>Collects the sessions that touch a window, the latest first; gives the window over all of them.</summary>
        private TimeWindow FindTouched(TKey key, TimeWindow window)
        {
            _touched.Clear();
            _sessions.Begin(Open, key);
            var prefix = _sessions.Key.Length;
            var latest = window.End; // Open sessions touch none of the others: where one is taken, the next lies before it.
            while (true)
            {
                _sessions.Key.Cut(prefix);
                _sessions.Key.Write(latest);
                _sessions.Key.Write(long.MaxValue);
                if (!context.State.TryFloor(_sessions.Key.Span, out var found, out _) || !found.StartsWith(_sessions.Key.Span[..prefix]))
                    return window;
                var other = new TimeWindow(StateKeys.Int64At(found, prefix), StateKeys.Int64At(found, prefix + sizeof(long)));
                if (other.End < window.Start)
                    return window;
                _touched.Add(other);
                latest = other.Start - 1;
                window = new(Math.Min(window.Start, other.Start), Math.Max(window.End, other.End));
            }
        }

        private void Begin(TKey key, TimeWindow window)
        {
            WriteOpen(key, window);
            context.State.Put(_sessions.Key.Span, []);
            context.Timers.Set(node, WindowSpec.After(window.MaxTime, node.Spec.Lateness), _timer.Span);
        }

        private void Shut(TKey key, TimeWindow window)
        {
            WriteOpen(key, window);
            _sessions.Remove();
            context.Timers.Cancel(node, WindowSpec.After(window.MaxTime, node.Spec.Lateness), _timer.Span);
        }

        private void WriteOpen(TKey key, TimeWindow window)
        {
            _sessions.Begin(Open, key);
            _sessions.Key.Write(window.Start);
            _sessions.Key.Write(window.End);
            _timer.Cut(0);
            _timer.Write(ShutTag);
            _timer.WriteRaw(_sessions.Key.Span[StateKeys.OperatorHead..]);
        }

        private Pane<TAcc> Merge(in Pane<TAcc> earlier, in Pane<TAcc> later) => new()
        {
            Counted = earlier.Counted + later.Counted,
            Records = earlier.Records + later.Records,
            HasContents = earlier.HasContents || later.HasContents,
            Accumulator = node.Aggregation.Merge!(earlier.Accumulator, later.Accumulator),
        };
    }
}

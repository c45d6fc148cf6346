using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Sliding windows: for each time at which a key has records, the window that ends with it. The records are kept as long as a window that is still to come may
/// need them.
/// </summary>
/// <remarks>
/// A window that begins takes the records that are there in the order of their times, and of their coming where those are equal; what comes later is
/// added behind. A record too late for a window of its own still counts in the later ones that are not.
/// </remarks>
internal sealed class SlidingWindowNode<TKey, T, TAcc, TResult> : WindowNode<TKey, T, T, TAcc, TResult>
{
    private readonly ICodec<T> _value;

    public SlidingWindowNode(TopologyGraph graph, string? name, StreamNode<Keyed<TKey, T>> from, IKeyCodec<TKey> key, ICodec<T> value, WindowSpec spec, Aggregation<T, TAcc, TResult> aggregation, LateNode<TKey, T>? late)
        : base(graph, name, from, key, spec, aggregation, aggregation.Add, late) => _value = value;

    protected override WindowReceiver<TKey, T> Connect(JobContext context, WindowPanes<TKey, T, TAcc, TResult> panes, LateRecords<TKey, T> late) =>
        new Receiver(this, context, panes, late);

    private sealed class Receiver(SlidingWindowNode<TKey, T, TAcc, TResult> node, JobContext context, WindowPanes<TKey, T, TAcc, TResult> panes, LateRecords<TKey, T> late) : WindowReceiver<TKey, T>
    {
        private const byte Buffered = 1;
        private const byte ForgetTag = 16;

        private readonly long _size = ((SlidingWindows)node.Spec.Assigner).Size;
        private readonly KeyedState<TKey> _state = new(context, node, node.Key);
        private readonly KeyBuffer _timer = new();
        private readonly List<TimeWindow> _later = [];

        public override void Receive(in Record<Keyed<TKey, T>> record)
        {
            var (key, value) = record.Value;
            FindLater(key, record.Time);
            var own = new TimeWindow(record.Time - _size, record.Time + 1);
            var hasOwn = !node.Spec.IsLate(own, panes.Watermark);
            if (!hasOwn && _later.Count == 0)
            {
                late.Take(record);
                return;
            }

            Keep(key, record.Time, value);
            if (hasOwn)
            {
                var windowed = new Windowed<TKey>(key, own);
                var pane = panes.Load(windowed, out var isNew);
                if (isNew)
                    Fill(ref pane, key, record.Time);
                else
                    pane.Accumulator = node.Take(pane.Accumulator, value);
                pane.HasContents = true;
                panes.OnRecord(windowed, ref pane, isNew);
            }

            foreach (var window in _later)
            {
                var windowed = new Windowed<TKey>(key, window);
                var pane = panes.Load(windowed, out _);
                pane.Accumulator = node.Take(pane.Accumulator, value);
                pane.HasContents = true;
                panes.OnRecord(windowed, ref pane, isNew: false);
            }
        }

        public override void OnTimer(long time, ReadOnlySpan<byte> payload)
        {
            if (payload[0] != ForgetTag)
            {
                panes.OnTimer(payload);
                return;
            }

            _state.Begin(Buffered);
            _state.Key.WriteRaw(payload[1..]);
            _state.Remove();
        }

        /// <summary>The windows behind a time that hold it, are there and not yet too late to change.</summary>
        private void FindLater(TKey key, long time)
        {
            _later.Clear();
            _state.Begin(StateKeys.Rows, key);
            var prefix = _state.Key.Length;
            var start = time - _size + 1;
            while (true)
            {
                _state.Key.Cut(prefix);
                _state.Key.Write(start);
                if (!context.State.TryCeiling(_state.Key.Span, out var found, out _) || !found.StartsWith(_state.Key.Span[..prefix]))
                    return;
                var window = new TimeWindow(StateKeys.Int64At(found, prefix), StateKeys.Int64At(found, prefix + sizeof(long)));
                if (window.Start > time)
                    return;
                if (!node.Spec.IsLate(window, panes.Watermark))
                    _later.Add(window);
                start = window.Start + 1;
            }
        }

        /// <summary>Keeps a record until no window that holds it can begin any more.</summary>
        private void Keep(TKey key, long time, T value)
        {
            _state.Begin(Buffered, key);
            _state.Key.Write(time);
            var prefix = _state.Key.Length;
            _state.Key.Write(long.MaxValue);
            var number = context.State.TryFloor(_state.Key.Span, out var last, out _) && last.StartsWith(_state.Key.Span[..prefix]) ? StateKeys.Int64At(last, prefix) + 1 : 0;
            _state.Key.Cut(prefix);
            _state.Key.Write(number);
            _state.Put(node._value, value);
            _timer.Cut(0);
            _timer.Write(ForgetTag);
            _timer.WriteRaw(_state.Key.Span[StateKeys.OperatorHead..]);
            context.Timers.Set(node, WindowSpec.After(time, _size + node.Spec.Lateness), _timer.Span);
        }

        /// <summary>Puts the records of a window into it that begins now.</summary>
        private void Fill(ref Pane<TAcc> pane, TKey key, long time)
        {
            _state.Begin(Buffered, key);
            var prefix = _state.Key.Length;
            _state.Key.Write(time - _size);
            var from = ArrayPool<byte>.Shared.Rent(prefix + (2 * sizeof(long)) + 1);
            var length = _state.Key.Length;
            _state.Key.Span.CopyTo(from);
            while (context.State.TryCeiling(from.AsSpan(0, length), out var found, out var stored)
                && found.StartsWith(_state.Key.Span[..prefix]) && StateKeys.Int64At(found, prefix) <= time)
            {
                pane.Accumulator = node.Take(pane.Accumulator, node._value.Read(stored));
                found.CopyTo(from);
                from[found.Length] = 0; // The next key that there can be.
                length = found.Length + 1;
            }

            ArrayPool<byte>.Shared.Return(from);
        }
    }
}

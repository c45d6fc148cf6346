namespace RaftStream.StreamStateMachine;

/// <summary>
/// Partial aggregates at the reader (the combiner of MapReduce): instead of a batch's records, one accumulator for each key in it goes into the log.
/// </summary>
/// <remarks>
/// Records of different panes are kept apart, so that windows take partial aggregates as they would have taken the records: a pane lies within the same windows as
/// a whole. A partial aggregate has the time of its latest record. They leave in the order in which their keys came first.
/// </remarks>
internal sealed class CombineNode<TKey, T, TAcc, TResult> : StreamNode<Keyed<TKey, TAcc>>, IInput<Keyed<TKey, T>>
{
    private readonly Aggregation<T, TAcc, TResult> _aggregation;
    private readonly Func<long, long> _pane;
    private readonly IKeyCodec<TKey> _key;

    /// <param name="graph">The topology.</param>
    /// <param name="from">The records.</param>
    /// <param name="key">How keys are written.</param>
    /// <param name="aggregation">How records become an accumulator; it can merge.</param>
    /// <param name="pane">The pane of a time: one number for each.</param>
    public CombineNode(TopologyGraph graph, StreamNode<Keyed<TKey, T>> from, IKeyCodec<TKey> key, Aggregation<T, TAcc, TResult> aggregation, Func<long, long> pane)
        : base(graph, "combine", null, from)
    {
        (_aggregation, _pane, _key) = (aggregation, pane, key);
        Codec = new KeyedCodec<TKey, TAcc>(key, aggregation.Accumulator);
    }

    public TopologyNode Node => this;

    public override IEnumerable<Delegate> UserCode => _aggregation.UserCode;

    public override IEnumerable<string> Problems => (_aggregation.Merge, Inputs[0].RunsInApply) switch
    {
        (null, _) => [$"'{Name}' makes partial aggregates of '{_aggregation.Name}', which cannot merge two: give it a merge function, or leave Combined() out."],
        (_, true) => [$"'{Name}' stands behind an operator with state, where nothing is left to combine: leave Combined() out."],
        _ => [],
    };

    public IReceiver<Keyed<TKey, T>> Connect(Pipeline pipeline)
    {
        var receiver = new Receiver(_aggregation, _pane, _key, pipeline.Behind(this));
        ((ReaderPipeline)pipeline).Add(receiver);
        return receiver;
    }

    private sealed class Receiver(Aggregation<T, TAcc, TResult> aggregation, Func<long, long> pane, IKeyCodec<TKey> codec, IReceiver<Keyed<TKey, TAcc>> next) : IReceiver<Keyed<TKey, T>>, IHoldsBack
    {
        private readonly Dictionary<(TKey Key, long Pane), int> _places = [];
        private readonly List<Record<Keyed<TKey, TAcc>>> _partials = [];
        private readonly List<Record<Keyed<TKey, T>>> _pending = [];
        private readonly List<(int Place, Record<Keyed<TKey, TAcc>> Before)> _undo = [];
        private readonly KeyBuffer _written = new();
        private int _settled;

        /// <summary>Only once the whole record has passed is it certain that it counts.</summary>
        public void Receive(in Record<Keyed<TKey, T>> record) => _pending.Add(record);

        public void TakeRecord()
        {
            foreach (var record in _pending)
                Take(record);
        }

        public void DropRecord()
        {
            for (var i = _undo.Count - 1; i >= 0; i--)
                _partials[_undo[i].Place] = _undo[i].Before;
            for (var place = _partials.Count - 1; place >= _settled; place--)
                _places.Remove((_partials[place].Value.Key, pane(_partials[place].Time)));
            _partials.RemoveRange(_settled, _partials.Count - _settled);
            Settle();
        }

        public void Settle()
        {
            _pending.Clear();
            _undo.Clear();
            _settled = _partials.Count;
        }

        public void Flush()
        {
            foreach (var partial in _partials)
                next.Receive(partial);
            _partials.Clear();
            _places.Clear();
            _settled = 0;
        }

        private void Take(in Record<Keyed<TKey, T>> record)
        {
            var (key, value) = record.Value;
            if (!_places.TryGetValue((key, pane(record.Time)), out var place))
            {
                // A key that cannot be written is this record's fault; when the batch is given out nobody could tell any more.
                _written.Cut(0);
                codec.Write(_written, key);
                var first = new Record<Keyed<TKey, TAcc>>(new(key, aggregation.Add(aggregation.Empty, value)), record.Time);
                _places.Add((key, pane(record.Time)), _partials.Count);
                _partials.Add(first);
                return;
            }

            var partial = _partials[place];
            var sum = aggregation.Add(partial.Value.Value, value);
            if (place < _settled)
                _undo.Add((place, partial));
            _partials[place] = new(new(key, sum), Math.Max(partial.Time, record.Time));
        }
    }
}

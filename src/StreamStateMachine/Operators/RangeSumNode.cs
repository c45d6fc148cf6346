namespace RaftStream.StreamStateMachine;

/// <summary>
/// Sums over ranges of places, for each key: a Fenwick tree whose nodes are entries of the state, so that a record changes, and a sum reads, one entry for each
/// bit of the number of places. Gives out, for each record, the sum up to and with its place.
/// </summary>
internal sealed class RangeSumNode<TKey, T>(TopologyGraph graph, string? name, StreamNode<Keyed<TKey, T>> from, IKeyCodec<TKey> key, int places, Func<T, int> place, Func<T, long> value)
    : StreamNode<Keyed<TKey, long>>(graph, "rangeSum", name, from), IInput<Keyed<TKey, T>>
{
    public TopologyNode Node => this;

    public override bool IsStateful => true;

    public override string Detail => $"{key.Name}, {places} places";

    public override IEnumerable<Delegate> UserCode => [place, value];

    public IReceiver<Keyed<TKey, T>> Connect(Pipeline pipeline) => new Receiver(key, places, place, value, new(((ApplyPipeline)pipeline).Context, this, key), pipeline.Behind(this));

    private sealed class Receiver(IKeyCodec<TKey> key, int places, Func<T, int> place, Func<T, long> value, KeyedState<TKey> state, IReceiver<Keyed<TKey, long>> next) : IReceiver<Keyed<TKey, T>>
    {
        public void Receive(in Record<Keyed<TKey, T>> record)
        {
            var at = place(record.Value.Value);
            if ((uint)at >= (uint)places)
                throw new PoisonRecordException($"Place {at} of key '{key.Format(record.Value.Key)}' is none of 0 to {places - 1}.");
            var delta = value(record.Value.Value);
            for (var entry = at + 1; entry <= places; entry += entry & -entry)
            {
                var before = Entry(record.Value.Key, entry);
                if (!AdvanceRule.TryAdd(before, delta, out var after))
                    throw new PoisonRecordException($"The sums of key '{key.Format(record.Value.Key)}' and {delta} add up to more than 64 bits hold.");
                state.Put(Codecs.Int64, after);
            }

            var owner = record.Value.Key;
            var sum = PlaceSums.OfFirst(at + 1, entry => Entry(owner, entry));
            if (sum < long.MinValue || sum > long.MaxValue)
                throw new PoisonRecordException($"The sum of key '{key.Format(owner)}' up to place {at} is {sum}, which is more than 64 bits hold.");
            next.Receive(new(new(owner, (long)sum), record.Time));
        }

        private long Entry(TKey owner, int entry)
        {
            state.Begin(StateKeys.Rows, owner);
            state.Key.Write((long)entry);
            return state.TryGet(out var stored) ? Codecs.Int64.Read(stored) : 0;
        }
    }
}

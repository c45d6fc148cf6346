namespace RaftStream.StreamStateMachine;

/// <summary>Joins each record with the row that a table has for its key at that moment in the log.</summary>
internal sealed class TableJoinNode<TKey, T, TLookup, TValue, TOut>(
    TopologyGraph graph, string? name, StreamNode<Keyed<TKey, T>> from, TableInfo<TLookup, TValue> table, Func<TKey, T, TLookup> lookup, bool isLeft, Func<TKey, T, Seen<TValue>, TOut> join)
    : StreamNode<Keyed<TKey, TOut>>(graph, "table join", name, from, table.Node), IInput<Keyed<TKey, T>>
{
    public TopologyNode Node => this;

    public override bool IsStateful => true;

    public override string Detail => $"{(isLeft ? "left" : "inner")}, {table.Name}";

    public override IEnumerable<Delegate> UserCode => [lookup, join];

    public IReceiver<Keyed<TKey, T>> Connect(Pipeline pipeline) => new Receiver(table, lookup, isLeft, join, ((ApplyPipeline)pipeline).Context, pipeline.Behind(this));

    private sealed class Receiver(TableInfo<TLookup, TValue> table, Func<TKey, T, TLookup> lookup, bool isLeft, Func<TKey, T, Seen<TValue>, TOut> join, JobContext context, IReceiver<Keyed<TKey, TOut>> next)
        : IReceiver<Keyed<TKey, T>>
    {
        private readonly KeyedState<TLookup> _rows = new(context, table.Node, table.Key);

        public void Receive(in Record<Keyed<TKey, T>> record)
        {
            var (key, value) = record.Value;
            _rows.Begin(StateKeys.Rows, lookup(key, value));
            var row = _rows.TryGet(out var stored) ? new Seen<TValue>(true, table.Read(stored)) : default;
            if (row.Any || isLeft)
                next.Receive(new(new(key, join(key, value, row)), record.Time));
        }
    }
}

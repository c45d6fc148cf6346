using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The rows of a table with the largest scores, by rank: rank 1 is the largest, of equal scores the smaller key comes first. Gives out each rank that
/// changes; all scores are kept in order, so that a row which falls makes room for the next.
/// </summary>
internal sealed class TopNode<TKey, TValue> : StreamNode<Keyed<int, (TKey First, TValue Second)>>, IInput<Keyed<TKey, TValue>>
{
    private const byte Scores = 1;
    private const byte Order = 2;

    private readonly IKeyCodec<TKey> _key;
    private readonly ICodec<(TKey First, TValue Second)> _row;
    private readonly Func<TValue, long> _score;
    private readonly int _count;

    public TopNode(TopologyGraph graph, string? name, StreamNode<Keyed<TKey, TValue>> from, IKeyCodec<TKey> key, ICodec<TValue> value, int count, Func<TValue, long> score)
        : base(graph, "top", name, from)
    {
        (_key, _count, _score) = (key, count, score);
        _row = Codecs.Pair(new KeyAsValueCodec<TKey>(key), value);
        Codec = new KeyedCodec<int, (TKey First, TValue Second)>(KeyCodecs.Int32, _row);
    }

    public ICodec<(TKey First, TValue Second)> Row => _row;

    public TopologyNode Node => this;

    public override bool IsStateful => true;

    public override string Detail => $"{_count}, {_row.Name}";

    public override IEnumerable<Delegate> UserCode => [_score];

    public IReceiver<Keyed<TKey, TValue>> Connect(Pipeline pipeline) => new Receiver(this, ((ApplyPipeline)pipeline).Context, pipeline.Behind(this));

    private sealed class Receiver(TopNode<TKey, TValue> node, JobContext context, IReceiver<Keyed<int, (TKey First, TValue Second)>> next) : IReceiver<Keyed<TKey, TValue>>
    {
        private readonly KeyedState<TKey> _scores = new(context, node, node._key);
        private readonly KeyedState<int> _ranks = new(context, node, KeyCodecs.Int32);
        private readonly KeyBuffer _order = new();
        private readonly ArrayBufferWriter<byte> _value = new(256);

        public void Receive(in Record<Keyed<TKey, TValue>> record)
        {
            var (key, value) = record.Value;
            var score = node._score(value);
            _scores.Begin(Scores, key);
            if (_scores.TryGet(out var stored))
            {
                WriteOrder(Codecs.Int64.Read(stored), key);
                context.State.Remove(_order.Span);
            }

            _scores.Put(Codecs.Int64, score);
            WriteOrder(score, key);
            _value.ResetWrittenCount();
            node._row.Write(_value, (key, value));
            context.State.Put(_order.Span, _value.WrittenSpan);
            TellRanks(record.Time);
        }

        /// <summary>Walks the first ranks and gives out those that hold something else than before.</summary>
        private void TellRanks(long time)
        {
            _order.Cut(0);
            StateKeys.WriteOperator(_order, node.Id, Order);
            var from = _order.Span.ToArray();
            for (var rank = 1; rank <= node._count; rank++)
            {
                if (!context.State.TryCeiling(from, out var found, out var stored) || !found.StartsWith(_order.Span[..StateKeys.OperatorHead]))
                    return;
                from = [.. found, 0];
                _ranks.Begin(StateKeys.Rows, rank);
                var row = stored.ToArray();
                if (_ranks.TryGet(out var before) && before.SequenceEqual(row))
                    continue;
                context.State.Put(_ranks.Key.Span, row);
                next.Receive(new(new(rank, node._row.Read(row)), time));
            }
        }

        /// <summary>The largest score first: its bits are turned over.</summary>
        private void WriteOrder(long score, TKey key)
        {
            _order.Cut(0);
            StateKeys.WriteOperator(_order, node.Id, Order);
            _order.Write(~score);
            node._key.Write(_order, key);
        }
    }
}

/// <summary>A key where a value is asked for.</summary>
internal sealed class KeyAsValueCodec<TKey>(IKeyCodec<TKey> inner) : ICodec<TKey>
{
    [ThreadStatic]
    private static KeyBuffer? _buffer;

    public string Name => $"key({inner.Name})";

    public void Write(IBufferWriter<byte> output, TKey value)
    {
        var buffer = _buffer ??= new();
        buffer.Cut(0);
        inner.Write(buffer, value);
        output.Write(buffer.Span);
    }

    public TKey Read(ReadOnlySpan<byte> source)
    {
        var key = inner.Read(ref source);
        return source.IsEmpty ? key : throw PlainCodecs.Broken(Name);
    }

    public void WriteJson(System.Text.Json.Utf8JsonWriter output, TKey value) => output.WriteStringValue(inner.Format(value));
}

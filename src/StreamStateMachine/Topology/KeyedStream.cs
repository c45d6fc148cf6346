namespace RaftStream.StreamStateMachine;

/// <summary>Records under keys. What follows keeps state for each key and runs on every replica.</summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class KeyedStream<TKey, T>
{
    private readonly bool _isCombined;

    internal KeyedStream(StreamNode<Keyed<TKey, T>> node, IKeyCodec<TKey> key, ICodec<T> value, bool isCombined = false) =>
        (Node, Key, Value, _isCombined) = (node, key, value, isCombined);

    internal StreamNode<Keyed<TKey, T>> Node { get; }

    internal IKeyCodec<TKey> Key { get; }

    internal ICodec<T> Value { get; }

    private TopologyGraph Graph => Node.Graph;

    /// <summary>
    /// Has the aggregation that follows begin at the reader: one partial aggregate for each key of a batch goes into the log, instead of the records. It gives out one result for each of them. What is no aggregation cannot follow,
    /// and is refused with an <see cref="InvalidOperationException"/>.
    /// </summary>
    public KeyedStream<TKey, T> Combined() => new(Node, Key, Value, isCombined: true);

    /// <summary>The records without the state behind them: each with its key.</summary>
    public Stream<Keyed<TKey, T>> ToStream()
    {
        RefuseCombined(nameof(ToStream));
        return new(Node);
    }

    /// <summary>How many records each key has.</summary>
    public Table<TKey, long> Count(string name) => Aggregate(name, Aggregations.Count<T>());

    /// <summary>The sum of whole numbers for each key.</summary>
    public Table<TKey, long> Sum(string name, Func<T, long> value) => Aggregate(name, Aggregations.Sum(value));

    /// <summary>The sum of numbers for each key.</summary>
    public Table<TKey, double> Sum(string name, Func<T, double> value) => Aggregate(name, Aggregations.Sum(value));

    /// <summary>The smallest value of each key.</summary>
    public Table<TKey, TValue> Min<TValue>(string name, Func<T, TValue> value, ICodec<TValue>? codec = null)
        where TValue : IComparable<TValue>
        => Aggregate(name, Aggregations.Min(value, codec));

    /// <summary>The largest value of each key.</summary>
    public Table<TKey, TValue> Max<TValue>(string name, Func<T, TValue> value, ICodec<TValue>? codec = null)
        where TValue : IComparable<TValue>
        => Aggregate(name, Aggregations.Max(value, codec));

    /// <summary>The mean of each key.</summary>
    public Table<TKey, double> Average(string name, Func<T, double> value) => Aggregate(name, Aggregations.Average(value));

    /// <summary>The records of each key, put together two by two.</summary>
    public Table<TKey, T> Reduce(string name, Func<T, T, T> reduce) => Aggregate(name, Aggregations.Reduce(reduce, Value));

    /// <summary>An accumulator for each key.</summary>
    /// <param name="name">The name of the table.</param>
    /// <param name="aggregation">How records become one value.</param>
    public Table<TKey, TResult> Aggregate<TAcc, TResult>(string name, Aggregation<T, TAcc, TResult> aggregation)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(aggregation);
        if (_isCombined)
        {
            var combine = Combine(aggregation, static _ => 0);
            return AddTable(name, aggregation, new AggregateNode<TKey, TAcc, T, TAcc, TResult>(Graph, name, combine, Key, aggregation, Merging(aggregation)), combine);
        }

        return AddTable(name, aggregation, new AggregateNode<TKey, T, T, TAcc, TResult>(Graph, name, Node, Key, aggregation, aggregation.Add), Node);
    }

    /// <summary>Lets the first record of each key through, for ever.</summary>
    public KeyedStream<TKey, T> Distinct(string? name = null)
    {
        RefuseCombined(nameof(Distinct));
        return Once("distinct", name, 0);
    }

    /// <summary>Drops records that repeat the key of one less than a span of event time away that was let through.</summary>
    /// <param name="within">The span: 1 ms or more.</param>
    /// <param name="name">A name for the operator.</param>
    public KeyedStream<TKey, T> Deduplicate(TimeSpan within, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(within, TimeSpan.FromMilliseconds(1));
        RefuseCombined(nameof(Deduplicate));
        return Once("deduplicate", name, within.Ticks / TimeSpan.TicksPerMillisecond);
    }

    /// <summary>Sums over ranges of places, for each key: each record adds to one place, and gives out the sum up to there. A sum that leaves the range of 64 bits makes its record a dead letter.</summary>
    /// <param name="name">The name of the sums, by which they are asked for: the sum of a key's values from one place to another.</param>
    /// <param name="places">How many places there are: 1 to 2^30.</param>
    /// <param name="place">The place of a record: 0 to <paramref name="places"/> - 1, else it becomes a dead letter.</param>
    /// <param name="value">What it adds.</param>
    public KeyedStream<TKey, long> RangeSum(string name, int places, Func<T, int> place, Func<T, long> value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(places, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(places, 1 << 30);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(value);
        RefuseCombined(nameof(RangeSum));
        var node = new RangeSumNode<TKey, T>(Graph, name, Node, Key, places, place, value) { Codec = new KeyedCodec<TKey, long>(Key, Codecs.Int64) };
        Node.Consumers.Add(node);
        Graph.Tables.Add(new PlaceSumInfo<TKey>(name, node, Key, places));
        return new(node, Key, Codecs.Int64);
    }

    /// <summary>Code of your own over state and timers.</summary>
    /// <param name="name">A name for the operator.</param>
    /// <param name="make">Makes the function, a new one each time; called once for each replica, and twice to look at what it declares.</param>
    /// <param name="output">How what it gives out is written; may be left out for text, numbers, truth values and bytes.</param>
    public KeyedStream<TKey, TOut> Process<TOut>(string name, Func<ProcessFunction<TKey, T, TOut>> make, ICodec<TOut>? output = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(make);
        RefuseCombined(nameof(Process));
        var codec = Aggregations.Known(output);
        var node = new ProcessNode<TKey, T, TOut>(Graph, name, Node, Key, make) { Codec = new KeyedCodec<TKey, TOut>(Key, codec) };
        Node.Consumers.Add(node);
        return new(node, Key, codec);
    }

    /// <summary>Cuts the records of each key into windows.</summary>
    public WindowedStream<TKey, T> Window(WindowAssigner windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        return new(this, windows, _isCombined);
    }

    /// <summary>Pairs each record with those of another stream that have the same key and a time near its own.</summary>
    /// <param name="name">A name for the operator.</param>
    /// <param name="right">The other stream.</param>
    /// <param name="before">By how much a record of the other stream may be earlier: 0 or more.</param>
    /// <param name="after">By how much it may be later: 0 or more.</param>
    /// <param name="join">Makes a value of a pair; a side that has none, where <paramref name="kind"/> allows it, is empty.</param>
    /// <param name="kind">Which records without a partner are given out.</param>
    /// <param name="lateness">How long, in event time, records wait for partners that are late.</param>
    /// <param name="output">How what is given out is written; may be left out for text, numbers, truth values and bytes.</param>
    public KeyedStream<TKey, TOut> JoinWindow<TRight, TOut>(
        string name, KeyedStream<TKey, TRight> right, TimeSpan before, TimeSpan after, Func<TKey, Seen<T>, Seen<TRight>, TOut> join, JoinKind kind = JoinKind.Inner, TimeSpan lateness = default, ICodec<TOut>? output = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(right);
        ArgumentNullException.ThrowIfNull(join);
        RefuseCombined(nameof(JoinWindow));
        right.RefuseCombined(nameof(JoinWindow));
        var codec = Aggregations.Known(output);
        var spec = new JoinSpec<TKey, T, TRight, TOut>(kind, WindowedStream.Milliseconds(before), WindowedStream.Milliseconds(after), WindowedStream.Milliseconds(lateness), Key, Value, right.Value, join);
        return new(new JoinNode<TKey, T, TRight, TOut>(Graph, name, Node, right.Node, spec) { Codec = new KeyedCodec<TKey, TOut>(Key, codec) }, Key, codec);
    }

    /// <summary>Joins each record with the row that a table of the same job has for it at that moment in the log.</summary>
    /// <param name="name">A name for the operator.</param>
    /// <param name="table">The table.</param>
    /// <param name="lookup">The key of the row.</param>
    /// <param name="join">Makes a value of a record and the row, which is empty where there is none and <paramref name="isLeft"/> lets the record through.</param>
    /// <param name="isLeft">Whether records without a row are let through.</param>
    /// <param name="output">How what is given out is written; may be left out for text, numbers, truth values and bytes.</param>
    public KeyedStream<TKey, TOut> JoinTable<TLookup, TValue, TOut>(
        string name, Table<TLookup, TValue> table, Func<TKey, T, TLookup> lookup, Func<TKey, T, Seen<TValue>, TOut> join, bool isLeft = false, ICodec<TOut>? output = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(lookup);
        ArgumentNullException.ThrowIfNull(join);
        RefuseCombined(nameof(JoinTable));
        var codec = Aggregations.Known(output);
        var node = new TableJoinNode<TKey, T, TLookup, TValue, TOut>(Graph, name, Node, table.Info, lookup, isLeft, join) { Codec = new KeyedCodec<TKey, TOut>(Key, codec) };
        Node.Consumers.Add(node);
        return new(node, Key, codec);
    }

    internal CombineNode<TKey, T, TAcc, TResult> Combine<TAcc, TResult>(Aggregation<T, TAcc, TResult> aggregation, Func<long, long> pane)
    {
        var combine = new CombineNode<TKey, T, TAcc, TResult>(Graph, Node, Key, aggregation, pane);
        Node.Consumers.Add(combine);
        return combine;
    }

    internal static Func<TAcc, TAcc, TAcc> Merging<TAcc, TResult>(Aggregation<T, TAcc, TResult> aggregation) =>
        aggregation.Merge ?? throw new ArgumentException($"'{aggregation.Name}' cannot merge two accumulators, which partial aggregates need: give it a merge function, or leave Combined() out.", nameof(aggregation));

    /// <exception cref="InvalidOperationException">Partial aggregates were asked for, and what follows makes none.</exception>
    private void RefuseCombined(string method)
    {
        if (_isCombined)
            throw new InvalidOperationException($"Combined() behind '{Node.Name}' is followed by {method}, which makes no partial aggregates: leave Combined() out there, and have it right in front of an aggregation.");
    }

    private Table<TKey, TResult> AddTable<TIn, TAcc, TResult>(string name, Aggregation<T, TAcc, TResult> aggregation, AggregateNode<TKey, TIn, T, TAcc, TResult> node, StreamNode<Keyed<TKey, TIn>> from)
    {
        from.Consumers.Add(node);
        return new(node, new TableInfo<TKey, TResult>(name, node, Key, aggregation.ResultCodec, aggregation.ReadResult), Key, aggregation.ResultCodec);
    }

    private KeyedStream<TKey, T> Once(string kind, string? name, long within)
    {
        var node = new SeenOnceNode<TKey, T>(Graph, kind, name, Node, Key, within);
        Node.Consumers.Add(node);
        return new(node, Key, Value);
    }
}

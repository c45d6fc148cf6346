namespace RaftStream.StreamStateMachine;

/// <summary>Rows by key that every replica keeps: they can be asked for at every consistency level, and each change goes on as a record.</summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <typeparam name="TValue">The type of the values.</typeparam>
public sealed class Table<TKey, TValue>
{
    internal Table(StreamNode<Keyed<TKey, TValue>> node, TableInfo<TKey, TValue> info, IKeyCodec<TKey> key, ICodec<TValue> value)
    {
        (Node, Info, Key, Value) = (node, info, key, value);
        node.Graph.Tables.Add(info);
    }

    /// <summary>Its name.</summary>
    public string Name => Info.Name;

    /// <summary>The name of its job.</summary>
    public string Job => Node.Graph.Job;

    internal StreamNode<Keyed<TKey, TValue>> Node { get; }

    internal TableInfo<TKey, TValue> Info { get; }

    internal IKeyCodec<TKey> Key { get; }

    internal ICodec<TValue> Value { get; }

    /// <summary>The changes: the row's key with its new value.</summary>
    public Stream<Keyed<TKey, TValue>> ToStream() => new(Node);

    /// <summary>The changes under the rows' own keys: what follows keeps state for each.</summary>
    public KeyedStream<TKey, TValue> ToKeyedStream() => new(Node, Key, Value);

    /// <summary>The changes under another key.</summary>
    /// <param name="key">The key of a changed row.</param>
    /// <param name="codec">How keys are written; may be left out for text and whole numbers.</param>
    /// <param name="name">A name for the operator.</param>
    public KeyedStream<TOther, Keyed<TKey, TValue>> KeyBy<TOther>(Func<Keyed<TKey, TValue>, TOther> key, IKeyCodec<TOther>? codec = null, string? name = null) =>
        ToStream().KeyBy(key, codec, new KeyedCodec<TKey, TValue>(Key, Value), name);

    /// <summary>The rows with the largest scores, by rank from 1; of equal scores the smaller key first. Not for windows: their rows come and go.</summary>
    /// <param name="name">The name of the table of ranks.</param>
    /// <param name="count">How many ranks: 1 to 1,000.</param>
    /// <param name="score">What rows are compared by.</param>
    public Table<int, (TKey First, TValue Second)> Top(string name, int count, Func<TValue, long> score)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1000);
        ArgumentNullException.ThrowIfNull(score);
        if (typeof(IWindowed).IsAssignableFrom(typeof(TKey)))
            throw new ArgumentException("The rows of windows come and go, so their ranks would not hold: use Aggregations.Top in the window.", nameof(name));
        var node = new TopNode<TKey, TValue>(Node.Graph, name, Node, Key, Value, count, score);
        Node.Consumers.Add(node);
        return new(node, new(name, node, KeyCodecs.Int32, node.Row, node.Row.Read), KeyCodecs.Int32, node.Row);
    }
}

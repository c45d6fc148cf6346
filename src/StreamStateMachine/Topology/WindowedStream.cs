namespace RaftStream.StreamStateMachine;

/// <summary>Records under keys and cut into windows: an aggregation comes next.</summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class WindowedStream<TKey, T>
{
    private readonly KeyedStream<TKey, T> _from;
    private readonly WindowAssigner _windows;
    private readonly bool _isCombined;
    private Trigger? _trigger;
    private long _lateness;
    private long _retention;
    private LateNode<TKey, T>? _late;

    internal WindowedStream(KeyedStream<TKey, T> from, WindowAssigner windows, bool isCombined) => (_from, _windows, _isCombined) = (from, windows, isCombined);

    /// <summary>When a window gives out its result; when it closes unless said otherwise. The global window needs one.</summary>
    public WindowedStream<TKey, T> Trigger(Trigger trigger)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        _trigger = trigger;
        return this;
    }

    /// <summary>By how much event time a record may be late and still change its windows; those that closed give out their result again.</summary>
    public WindowedStream<TKey, T> AllowedLateness(TimeSpan lateness)
    {
        _lateness = WindowedStream.Milliseconds(lateness);
        return this;
    }

    /// <summary>How much event time behind its end a window can be asked for; for as long as records may change it unless that is longer. The windows that are there when all
    /// sources have ended stay.</summary>
    public WindowedStream<TKey, T> Retain(TimeSpan retention)
    {
        _retention = WindowedStream.Milliseconds(retention);
        return this;
    }

    /// <summary>Gives what comes too late for all of its windows to a stream of its own. For the one aggregation that follows; not for partial aggregates.</summary>
    public WindowedStream<TKey, T> LateTo(out Stream<Keyed<TKey, T>> late)
    {
        if (_isCombined)
            throw new InvalidOperationException("Partial aggregates are no records that could be given to a late output: leave Combined() or LateTo(...) out.");
        late = new(_late ??= new(_from.Node.Graph, _from.Node));
        return this;
    }

    /// <summary>How many records each window has.</summary>
    public Table<Windowed<TKey>, long> Count(string name) => Aggregate(name, Aggregations.Count<T>());

    /// <summary>The sum of whole numbers in each window.</summary>
    public Table<Windowed<TKey>, long> Sum(string name, Func<T, long> value) => Aggregate(name, Aggregations.Sum(value));

    /// <summary>The sum of numbers in each window.</summary>
    public Table<Windowed<TKey>, double> Sum(string name, Func<T, double> value) => Aggregate(name, Aggregations.Sum(value));

    /// <summary>The smallest value in each window.</summary>
    public Table<Windowed<TKey>, TValue> Min<TValue>(string name, Func<T, TValue> value, ICodec<TValue>? codec = null)
        where TValue : IComparable<TValue>
        => Aggregate(name, Aggregations.Min(value, codec));

    /// <summary>The largest value in each window.</summary>
    public Table<Windowed<TKey>, TValue> Max<TValue>(string name, Func<T, TValue> value, ICodec<TValue>? codec = null)
        where TValue : IComparable<TValue>
        => Aggregate(name, Aggregations.Max(value, codec));

    /// <summary>The mean of each window.</summary>
    public Table<Windowed<TKey>, double> Average(string name, Func<T, double> value) => Aggregate(name, Aggregations.Average(value));

    /// <summary>The records of each window, put together two by two.</summary>
    public Table<Windowed<TKey>, T> Reduce(string name, Func<T, T, T> reduce) => Aggregate(name, Aggregations.Reduce(reduce, _from.Value));

    /// <summary>An accumulator for each key and window.</summary>
    /// <param name="name">The name of the table.</param>
    /// <param name="aggregation">How records become one value.</param>
    public Table<Windowed<TKey>, TResult> Aggregate<TAcc, TResult>(string name, Aggregation<T, TAcc, TResult> aggregation)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(aggregation);
        if (_late?.Owner is { } owner)
            throw new InvalidOperationException($"The late output that '{owner}' has would get each late record from '{name}' once more: call Window(...) anew for '{name}', without LateTo(...) or with an output of its own.");
        if (_trigger is null && _windows is GlobalWindow)
            throw new InvalidOperationException($"The global window '{name}' closes when all sources have ended: say with Trigger(...) when it gives out a result.");
        var spec = new WindowSpec(_windows, _trigger ?? StreamStateMachine.Trigger.OnClose, _lateness, _retention);
        return _isCombined ? Combined(name, spec, aggregation) : Plain(name, spec, aggregation);
    }

    private Table<Windowed<TKey>, TResult> Plain<TAcc, TResult>(string name, WindowSpec spec, Aggregation<T, TAcc, TResult> aggregation)
    {
        var graph = _from.Node.Graph;
        WindowNode<TKey, T, T, TAcc, TResult> node = spec.Assigner switch
        {
            SessionWindows => new SessionWindowNode<TKey, T, T, TAcc, TResult>(graph, name, _from.Node, _from.Key, spec, aggregation, aggregation.Add, _late),
            SlidingWindows => new SlidingWindowNode<TKey, T, TAcc, TResult>(graph, name, _from.Node, _from.Key, _from.Value, spec, aggregation, _late),
            _ => new AlignedWindowNode<TKey, T, T, TAcc, TResult>(graph, name, _from.Node, _from.Key, spec, aggregation, aggregation.Add, _late),
        };
        _from.Node.Consumers.Add(node);
        if (_late is not null)
            _late.Owner = name;
        return TableOf(name, node, aggregation);
    }

    private Table<Windowed<TKey>, TResult> Combined<TAcc, TResult>(string name, WindowSpec spec, Aggregation<T, TAcc, TResult> aggregation)
    {
        if (spec.Assigner is not AlignedWindows aligned)
            throw new InvalidOperationException($"Partial aggregates need windows whose places are fixed, and '{name}' has others ({spec.Assigner.Detail}): leave Combined() out.");
        var combine = _from.Combine(aggregation, aligned.Pane);
        var node = new AlignedWindowNode<TKey, TAcc, T, TAcc, TResult>(_from.Node.Graph, name, combine, _from.Key, spec, aggregation, KeyedStream<TKey, T>.Merging(aggregation), null);
        combine.Consumers.Add(node);
        return TableOf(name, node, aggregation);
    }

    private Table<Windowed<TKey>, TResult> TableOf<TAcc, TResult>(string name, StreamNode<Keyed<Windowed<TKey>, TResult>> node, Aggregation<T, TAcc, TResult> aggregation)
    {
        var key = KeyCodecs.Windowed(_from.Key);
        return new(node, new(name, node, key, aggregation.ResultCodec, WindowPanes<TKey, T, TAcc, TResult>.ReaderOf(aggregation)), key, aggregation.ResultCodec);
    }
}

/// <summary>Times in windows and joins.</summary>
internal static class WindowedStream
{
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or no whole number of milliseconds.</exception>
    public static long Milliseconds(TimeSpan time) => time >= TimeSpan.Zero && time.Ticks % TimeSpan.TicksPerMillisecond == 0
        ? time.Ticks / TimeSpan.TicksPerMillisecond
        : throw new ArgumentOutOfRangeException(nameof(time), time, "Times are whole milliseconds, 0 or more.");
}

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Code of your own over keyed state and timers, the most general operator. One object serves all keys of a replica: what must be remembered belongs into the states
/// that it declares in its constructor, not into fields. Everything in it must be deterministic: no clock but the context's, no randomness, nothing from outside.
/// </summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <typeparam name="TIn">The type of the records.</typeparam>
/// <typeparam name="TOut">The type of what it gives out.</typeparam>
public abstract class ProcessFunction<TKey, TIn, TOut>
{
    internal List<DeclaredState> States { get; } = [];

    /// <summary>A record came.</summary>
    public abstract void Process(TIn value, ProcessContext<TKey, TOut> context);

    /// <summary>A timer of the key is due, which the context tells.</summary>
    public virtual void OnTimer(ProcessContext<TKey, TOut> context)
    {
        // A function without timers has nothing to do.
    }

    /// <summary>Declares one value for each key.</summary>
    /// <param name="name">Its name, unique in the function.</param>
    /// <param name="codec">How it is written; may be left out for text, numbers, truth values and bytes.</param>
    /// <param name="timeToLive">How long after it was written it is forgotten, by log time; null: never.</param>
    protected ValueState<T> DeclareValue<T>(string name, ICodec<T>? codec = null, TimeSpan? timeToLive = null) =>
        Declare(new ValueState<T>(name, Number, Aggregations.Known(codec), timeToLive));

    /// <summary>Declares a list for each key.</summary>
    /// <param name="name">Its name, unique in the function.</param>
    /// <param name="codec">How its items are written; may be left out for text, numbers, truth values and bytes.</param>
    /// <param name="timeToLive">How long after it was added an item is forgotten, by log time; null: never.</param>
    protected ListState<T> DeclareList<T>(string name, ICodec<T>? codec = null, TimeSpan? timeToLive = null) =>
        Declare(new ListState<T>(name, Number, Aggregations.Known(codec), timeToLive));

    /// <summary>Declares a map for each key.</summary>
    /// <param name="name">Its name, unique in the function.</param>
    /// <param name="key">How the map's keys are written; may be left out for text and whole numbers.</param>
    /// <param name="codec">How its values are written; may be left out for text, numbers, truth values and bytes.</param>
    /// <param name="timeToLive">How long after it was written an entry is forgotten, by log time; null: never.</param>
    protected MapState<TMapKey, T> DeclareMap<TMapKey, T>(string name, IKeyCodec<TMapKey>? key = null, ICodec<T>? codec = null, TimeSpan? timeToLive = null) =>
        Declare(new MapState<TMapKey, T>(name, Number, key ?? KeyedDefaults.Known<TMapKey>(), Aggregations.Known(codec), timeToLive));

    private byte Number => checked((byte)(ProcessNode.FirstState + States.Count));

    private TState Declare<TState>(TState state)
        where TState : DeclaredState
    {
        if (States.Exists(other => string.Equals(other.Name, state.Name, StringComparison.Ordinal)))
            throw new ArgumentException($"The function has a state '{state.Name}' already: give each a name of its own.", nameof(state));
        if (States.Count == ProcessNode.MostStates)
            throw new ArgumentException($"A function has {ProcessNode.MostStates} states at the most.", nameof(state));
        States.Add(state);
        return state;
    }
}

/// <summary>What a <see cref="ProcessFunction{TKey, TIn, TOut}"/> sees of the record or timer at hand. Good for the call that it was given to.</summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <typeparam name="TOut">The type of what is given out.</typeparam>
public abstract class ProcessContext<TKey, TOut>
{
    private protected ProcessContext()
    {
    }

    /// <summary>The key of the record or timer.</summary>
    public abstract TKey Key { get; }

    /// <summary>The event time of the record, or the time of the timer (for one of log time, the watermark), in milliseconds since 1970-01-01 UTC.</summary>
    public abstract long Time { get; }

    /// <summary>How far event time has come here, in milliseconds since 1970-01-01 UTC; <see cref="long.MinValue"/> at first.</summary>
    public abstract long Watermark { get; }

    /// <summary>Log time: never goes back, goes on while there is a leader, and is no wall clock.</summary>
    public abstract TimeSpan LogTime { get; }

    /// <summary>In <see cref="ProcessFunction{TKey, TIn, TOut}.OnTimer"/>, whether the timer was one of log time.</summary>
    public abstract bool IsLogTimer { get; }

    /// <summary>Gives out a value with the time of the record or timer.</summary>
    public abstract void Emit(TOut value);

    /// <summary>Has the function called once the watermark has come to a time; where it has already, at the end of the command at hand. One for each key and time.</summary>
    /// <param name="time">Milliseconds since 1970-01-01 UTC.</param>
    public abstract void SetTimer(long time);

    /// <summary>Takes back such a timer.</summary>
    public abstract void CancelTimer(long time);

    /// <summary>Has the function called once log time has come to an instant.</summary>
    /// <param name="logTime">At which <see cref="LogTime"/>.</param>
    public abstract void SetLogTimer(TimeSpan logTime);

    /// <summary>Takes back such a timer.</summary>
    public abstract void CancelLogTimer(TimeSpan logTime);
}

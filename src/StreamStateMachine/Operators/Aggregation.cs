namespace RaftStream.StreamStateMachine;

/// <summary>How records become one value: an accumulator that starts empty, takes records in and gives a result. Everything in it must be deterministic.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
/// <typeparam name="TAcc">The type of the accumulator, which is what is kept.</typeparam>
/// <typeparam name="TResult">The type of the result.</typeparam>
public sealed class Aggregation<T, TAcc, TResult>
{
    /// <summary>An aggregation of your own.</summary>
    /// <param name="name">What it is called, 1 to 200 characters. Part of the topology's fingerprint: change it with its meaning.</param>
    /// <param name="empty">The accumulator of no records.</param>
    /// <param name="add">An accumulator with one record more; the one that it is given stays as it is.</param>
    /// <param name="result">The result so far.</param>
    /// <param name="accumulator">How accumulators are written.</param>
    /// <param name="resultCodec">How results are written.</param>
    /// <param name="merge">
    /// The accumulator of the records of both. Needed for session windows, which grow together, and for partial aggregates at the reader; null: it has none.
    /// </param>
    public Aggregation(string name, TAcc empty, Func<TAcc, T, TAcc> add, Func<TAcc, TResult> result, ICodec<TAcc> accumulator, ICodec<TResult> resultCodec, Func<TAcc, TAcc, TAcc>? merge = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(add);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(accumulator);
        ArgumentNullException.ThrowIfNull(resultCodec);
        (Name, Empty, Add, Result, Accumulator, ResultCodec, Merge) = (name, empty, add, result, accumulator, resultCodec, merge);
    }

    /// <summary>What it is called.</summary>
    public string Name { get; }

    internal TAcc Empty { get; }

    internal Func<TAcc, T, TAcc> Add { get; }

    internal Func<TAcc, TResult> Result { get; }

    internal ICodec<TAcc> Accumulator { get; }

    internal ICodec<TResult> ResultCodec { get; }

    internal Func<TAcc, TAcc, TAcc>? Merge { get; }

    internal string Detail => $"{Name}: {Accumulator.Name}";

    internal IEnumerable<Delegate> UserCode => Merge is null ? [Add, Result] : [Add, Result, Merge];

    internal TResult ReadResult(ReadOnlySpan<byte> stored) => Result(Accumulator.Read(stored));
}

namespace RaftStream.StreamStateMachine;

/// <summary>The aggregations that come with the library.</summary>
public static class Aggregations
{
    /// <summary>How many records.</summary>
    public static Aggregation<T, long, long> Count<T>() =>
        new("count", 0, static (count, _) => count + 1, static count => count, Codecs.Int64, Codecs.Int64, static (left, right) => left + right);

    /// <summary>The sum of whole numbers; one that leaves the range of 64 bits makes the record a dead letter.</summary>
    public static Aggregation<T, long, long> Sum<T>(Func<T, long> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new("sum", 0, (sum, record) => Checked(sum, value(record)), static sum => sum, Codecs.Int64, Codecs.Int64, Checked);
    }

    /// <summary>The sum of numbers, in the order in which they come.</summary>
    public static Aggregation<T, double, double> Sum<T>(Func<T, double> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new("sum", 0, (sum, record) => sum + value(record), static sum => sum, Codecs.Double, Codecs.Double, static (left, right) => left + right);
    }

    /// <summary>The smallest value.</summary>
    public static Aggregation<T, Seen<TValue>, TValue> Min<T, TValue>(Func<T, TValue> value, ICodec<TValue>? codec = null)
        where TValue : IComparable<TValue>
        => Extreme("min", value, codec, static (left, right) => left.CompareTo(right) <= 0 ? left : right);

    /// <summary>The largest value.</summary>
    public static Aggregation<T, Seen<TValue>, TValue> Max<T, TValue>(Func<T, TValue> value, ICodec<TValue>? codec = null)
        where TValue : IComparable<TValue>
        => Extreme("max", value, codec, static (left, right) => left.CompareTo(right) >= 0 ? left : right);

    /// <summary>The mean of numbers.</summary>
    public static Aggregation<T, (double First, long Second), double> Average<T>(Func<T, double> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new(
            "average",
            (0, 0),
            (acc, record) => (acc.First + value(record), acc.Second + 1),
            static acc => acc.First / acc.Second,
            Codecs.Pair(Codecs.Double, Codecs.Int64),
            Codecs.Double,
            static (left, right) => (left.First + right.First, left.Second + right.Second));
    }

    /// <summary>The records put together two by two; of one record, it is that record.</summary>
    /// <param name="reduce">Of what is there so far and one record more. Must not care how records are grouped where sessions or partial aggregates are used.</param>
    /// <param name="codec">How records are written; may be left out for text, numbers, truth values and bytes.</param>
    public static Aggregation<T, Seen<T>, T> Reduce<T>(Func<T, T, T> reduce, ICodec<T>? codec = null) => Extreme<T, T>("reduce", static record => record, codec, reduce);

    /// <summary>The records with the largest scores, the largest first; of equal ones the earlier.</summary>
    /// <param name="count">How many: 1 to 1,000.</param>
    /// <param name="score">What they are compared by.</param>
    /// <param name="codec">How records are written; may be left out for text, numbers, truth values and bytes.</param>
    public static Aggregation<T, IReadOnlyList<T>, IReadOnlyList<T>> Top<T>(int count, Func<T, long> score, ICodec<T>? codec = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1000);
        ArgumentNullException.ThrowIfNull(score);
        var list = Codecs.List(Known(codec));
        IReadOnlyList<T> Merge(IReadOnlyList<T> left, IReadOnlyList<T> right) => [.. left.Concat(right).OrderByDescending(score).Take(count)];
        return new($"top({count})", [], (acc, record) => Merge(acc, [record]), static acc => acc, list, list, Merge);
    }

    /// <summary>How many different values; it keeps them all, 10,000 at the most: a record with one more becomes a dead letter.</summary>
    /// <param name="value">The value of a record.</param>
    public static Aggregation<T, IReadOnlyList<string>, long> CountDistinct<T>(Func<T, string> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new("countDistinct", [], (acc, record) => Include(acc, value(record)), static acc => acc.Count, Codecs.List(Codecs.Text), Codecs.Int64, static (left, right) => right.Aggregate(left, Include));
    }

    internal static ICodec<T> Known<T>(ICodec<T>? codec) => codec ?? (Codecs.TryFind<T>(out var known)
        ? known
        : throw new ArgumentException($"{typeof(T).Name} has no codec here: say how it is written.", nameof(codec)));

    private static Aggregation<T, Seen<TValue>, TValue> Extreme<T, TValue>(string name, Func<T, TValue> value, ICodec<TValue>? codec, Func<TValue, TValue, TValue> choose)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(choose);
        Seen<TValue> Merge(Seen<TValue> left, Seen<TValue> right) => !left.Any ? right : !right.Any ? left : new(true, choose(left.Value, right.Value));
        return new(name, default, (acc, record) => Merge(acc, new(true, value(record))), static acc => acc.Value, new SeenCodec<TValue>(Known(codec)), Known(codec), Merge);
    }

    private static long Checked(long left, long right) => AdvanceRule.TryAdd(left, right, out var sum)
        ? sum
        : throw new PoisonRecordException($"{left} and {right} add up to more than 64 bits hold.");

    private static IReadOnlyList<string> Include(IReadOnlyList<string> values, string value)
    {
        const int Most = 10_000;
        var (low, high) = (0, values.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (string.CompareOrdinal(values[middle], value) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        if (low < values.Count && string.Equals(values[low], value, StringComparison.Ordinal))
            return values;
        if (values.Count == Most)
            throw new PoisonRecordException($"There are {Most} different values already, which is as many as are counted.");
        return [.. values.Take(low), value, .. values.Skip(low)];
    }
}

/// <summary>A value, or none so far.</summary>
/// <param name="Any">Whether there is one.</param>
/// <param name="Value">The value.</param>
/// <typeparam name="T">The type of the value.</typeparam>
public readonly record struct Seen<T>(bool Any, T Value);

/// <summary>Nil, or the value in a MessagePack binary.</summary>
internal sealed class SeenCodec<T>(ICodec<T> inner) : ICodec<Seen<T>>
{
    public string Name => $"seen({inner.Name})";

    public void Write(System.Buffers.IBufferWriter<byte> output, Seen<T> value)
    {
        if (value.Any)
            Nested.Write(output, inner, value.Value);
        else
            new Raft.Wire.MessagePackWriter(output).WriteNil();
    }

    public Seen<T> Read(ReadOnlySpan<byte> source)
    {
        var reader = new Raft.Wire.MessagePackReader(source);
        if (reader.TryReadNil())
            return default;
        return reader.TryReadBinary(out var bytes) && reader.Remaining == 0 ? new(true, inner.Read(bytes)) : throw PlainCodecs.Broken(Name);
    }

    public void WriteJson(System.Text.Json.Utf8JsonWriter output, Seen<T> value)
    {
        if (value.Any)
            inner.WriteJson(output, value.Value);
        else
            output.WriteNullValue();
    }
}

namespace RaftStream.StreamStateMachine;

/// <summary>Which partition a record belongs to. A partition's number is the key of what follows.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class Partitioning<T>
{
    internal Partitioning(int partitions, Func<T, long, int>? choose, string detail) => (Partitions, Choose, Detail) = (partitions, choose, detail);

    internal int Partitions { get; }

    /// <summary>Of a record and its event time; null: in turn.</summary>
    internal Func<T, long, int>? Choose { get; }

    internal string Detail { get; }
}

/// <summary>The kinds of partitioning.</summary>
public static class Partitioning
{
    /// <summary>By a hash of a key, the same on every machine.</summary>
    /// <param name="partitions">How many: 1 to 1,024.</param>
    /// <param name="key">The text that is hashed.</param>
    public static Partitioning<T> Hash<T>(int partitions, Func<T, string> key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new(Checked(partitions), (record, _) => (int)(KeyHash.Of(key(record) ?? throw new PoisonRecordException("The text that its partition goes by is null: give each record some, or filter out those that have none.")) % (ulong)partitions), $"hash, {partitions} partitions");
    }

    /// <summary>By ranges: the first partition has what lies below the first bound, the last one what lies at or above the last.</summary>
    /// <param name="value">What is compared.</param>
    /// <param name="bounds">1 to 1,023 bounds, ascending.</param>
    public static Partitioning<T> Range<T>(Func<T, long> value, params long[] bounds)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(bounds);
        var own = bounds.ToArray();
        for (var i = 1; i < own.Length; i++)
        {
            if (own[i] <= own[i - 1])
                throw new ArgumentException($"The bounds ascend: {own[i]} does not follow {own[i - 1]}.", nameof(bounds));
        }

        return new(Checked(own.Length + 1), (record, _) => Array.BinarySearch(own, value(record)) is var at && at >= 0 ? at + 1 : ~at, $"ranges from {string.Join(", ", own)}");
    }

    /// <summary>By event time: spans of one length, dealt out in turn.</summary>
    /// <param name="partitions">How many: 1 to 1,024.</param>
    /// <param name="span">How long a span is: 1 ms or more, whole milliseconds.</param>
    public static Partitioning<T> Time<T>(int partitions, TimeSpan span)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(span, TimeSpan.FromMilliseconds(1));
        var milliseconds = span.Ticks / TimeSpan.TicksPerMillisecond;
        return new(Checked(partitions), (_, time) => (int)(((Math.DivRem(time, milliseconds, out var rest) - (rest < 0 ? 1 : 0)) % partitions + partitions) % partitions), $"time, {partitions} partitions of {milliseconds} ms");
    }

    /// <summary>In turn, in the order of the log.</summary>
    /// <param name="partitions">How many: 1 to 1,024.</param>
    public static Partitioning<T> RoundRobin<T>(int partitions) => new(Checked(partitions), null, $"in turn, {partitions} partitions");

    private static int Checked(int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(partitions, 1024);
        return partitions;
    }
}

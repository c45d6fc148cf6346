using System.Globalization;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Where the time of a source's records comes from, and how far a partition has come in it. A partition's watermark W says that no record of a time up to W
/// is to come; the watermark behind several partitions is the least of theirs. It is part of the log, so it is the same on every replica.
/// </summary>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class EventTime<T>
{
    internal EventTime(Func<T, long>? timestamp, TimeSpan outOfOrderness, TimeSpan idleAfter) =>
        (Timestamp, OutOfOrderness, IdleAfter) = (timestamp, outOfOrderness, idleAfter);

    /// <summary>The time that a record holds, in milliseconds since 1970-01-01 UTC; null: the time at which it is read.</summary>
    internal Func<T, long>? Timestamp { get; }

    /// <summary>By how much a record may be older than one before it in its partition and still be on time.</summary>
    internal TimeSpan OutOfOrderness { get; }

    /// <summary>See <see cref="IdlePartitionsAfter"/>.</summary>
    internal TimeSpan IdleAfter { get; }

    internal string Detail => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Timestamp is null ? "ingestion time" : $"event time, {OutOfOrderness.TotalMilliseconds} ms out of order")}{(IdleAfter > TimeSpan.Zero ? $", idle after {IdleAfter.TotalMilliseconds} ms" : "")}");

    /// <summary>A partition that gave nothing for that long, by log time, holds back no watermark until it gives something again.</summary>
    public EventTime<T> IdlePartitionsAfter(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero);
        return new(Timestamp, OutOfOrderness, time);
    }
}

/// <summary>Where the time of a source's records comes from: the choices.</summary>
public static class EventTime
{
    /// <summary>
    /// The wall clock of the reading node when it reads a record, never less than for the record before it in the partition: what is late in this time
    /// cannot be known.
    /// </summary>
    public static EventTime<T> Ingestion<T>() => new(null, TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>A time in the record. The watermark is the largest so far less the bound, less one millisecond (bounded out-of-orderness).</summary>
    /// <param name="timestamp">Milliseconds since 1970-01-01 UTC, from -2^52 to 2^52.</param>
    /// <param name="outOfOrderness">By how much a record may be older than one before it in its partition and still be on time: 0 or more.</param>
    public static EventTime<T> Of<T>(Func<T, long> timestamp, TimeSpan outOfOrderness = default)
    {
        ArgumentNullException.ThrowIfNull(timestamp);
        ArgumentOutOfRangeException.ThrowIfLessThan(outOfOrderness, TimeSpan.Zero);
        return new(timestamp, outOfOrderness, TimeSpan.Zero);
    }
}

using System.Globalization;

namespace RaftStream.Raft;

/// <summary>A moment on one machine's monotonic clock, in nanoseconds since an arbitrary start. Never comparable between machines.</summary>
public readonly record struct Instant(long Nanoseconds) : IComparable<Instant>
{
    /// <summary>Later than any moment a clock will show: "never".</summary>
    public static Instant Never => new(long.MaxValue);

    /// <inheritdoc/>
    public int CompareTo(Instant other) => Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>The moment that much later (a <see cref="TimeSpan"/> counts in steps of 100 ns).</summary>
    public static Instant operator +(Instant left, TimeSpan right) => new(left.Nanoseconds + (right.Ticks * 100));

    /// <summary>The moment that much earlier.</summary>
    public static Instant operator -(Instant left, TimeSpan right) => new(left.Nanoseconds - (right.Ticks * 100));

    /// <summary>The time from <paramref name="right"/> to <paramref name="left"/>, rounded down to 100 ns.</summary>
    public static TimeSpan operator -(Instant left, Instant right) => new((left.Nanoseconds - right.Nanoseconds) / 100);

    /// <summary>Earlier than.</summary>
    public static bool operator <(Instant left, Instant right) => left.Nanoseconds < right.Nanoseconds;

    /// <summary>Later than.</summary>
    public static bool operator >(Instant left, Instant right) => left.Nanoseconds > right.Nanoseconds;

    /// <summary>Not later than.</summary>
    public static bool operator <=(Instant left, Instant right) => left.Nanoseconds <= right.Nanoseconds;

    /// <summary>Not earlier than.</summary>
    public static bool operator >=(Instant left, Instant right) => left.Nanoseconds >= right.Nanoseconds;

    /// <summary>The earlier of two moments.</summary>
    public static Instant Min(Instant left, Instant right) => left <= right ? left : right;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Nanoseconds / 1e6:0.###}ms");
}

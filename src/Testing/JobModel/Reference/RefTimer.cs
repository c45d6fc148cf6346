namespace RaftStream.Testing;

/// <summary>A key of either kind: text in the order of its characters, or a number.</summary>
internal readonly record struct RefKey(string? Text, int Number) : IComparable<RefKey>
{
    public string Shown => Text ?? ModelFunctions.Show(Number);

    public int CompareTo(RefKey other) => Text is null ? Number.CompareTo(other.Number) : string.CompareOrdinal(Text, other.Text);
}

/// <summary>A timer of the reference. They go off in the order of their times, then of their operators, and there by what they are for.</summary>
/// <param name="Time">Event time in milliseconds, or log time in nanoseconds.</param>
/// <param name="Op">Whose it is.</param>
/// <param name="Tag">What it is for.</param>
/// <param name="Key">For which key.</param>
/// <param name="First">The start of a window, or the time of a record.</param>
/// <param name="Second">The end of a window, or the number of a record.</param>
internal sealed record RefTimer(long Time, int Op, int Tag, RefKey Key, long First, long Second) : IComparable<RefTimer>
{
    public int CompareTo(RefTimer? other) => other is null ? 1 : (Time, Op, Tag, Key, First, Second).CompareTo((other.Time, other.Op, other.Tag, other.Key, other.First, other.Second));
}

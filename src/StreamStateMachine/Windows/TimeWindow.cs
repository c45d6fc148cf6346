namespace RaftStream.StreamStateMachine;

/// <summary>A span of event time.</summary>
/// <param name="Start">Where it begins, in milliseconds since 1970-01-01 UTC; the first instant in it.</param>
/// <param name="End">Where it ends; the first instant not in it.</param>
public readonly record struct TimeWindow(long Start, long End)
{
    /// <summary>The last instant in it, and the time of the results that it gives.</summary>
    public long MaxTime => End == long.MaxValue ? long.MaxValue : End - 1;

    /// <summary>Times that windows with an end can hold lie within this distance from 1970: beyond, sizes could not be added.</summary>
    internal const long FurthestTime = 1L << 52;

    /// <summary>The only window of <see cref="Window.Global"/>.</summary>
    internal static TimeWindow Everything => new(long.MinValue, long.MaxValue);
}

/// <summary>A key, and the window that a result is for.</summary>
/// <param name="Key">The key.</param>
/// <param name="Window">The window.</param>
/// <typeparam name="TKey">The type of the key.</typeparam>
public readonly record struct Windowed<TKey>(TKey Key, TimeWindow Window) : IWindowed;

/// <summary>A key with a window, whatever the key's type.</summary>
internal interface IWindowed
{
    TimeWindow Window { get; }
}

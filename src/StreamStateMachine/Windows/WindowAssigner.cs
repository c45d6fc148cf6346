namespace RaftStream.StreamStateMachine;

/// <summary>Which windows a record belongs to, by its time. Made by <see cref="Window"/>.</summary>
public abstract class WindowAssigner
{
    /// <summary>What it says in a description; part of the topology's fingerprint.</summary>
    internal abstract string Detail { get; }
}

/// <summary>Windows whose places are fixed, whatever records come.</summary>
internal abstract class AlignedWindows : WindowAssigner
{
    /// <summary>Adds the windows that hold an instant, the earliest first.</summary>
    public abstract void Assign(long time, List<TimeWindow> windows);

    /// <summary>The number of the span that an instant lies in, all of whose instants have the same windows.</summary>
    public abstract long Pane(long time);
}

/// <summary>Windows of one size that begin every <paramref name="slide"/>: the size itself for tumbling ones.</summary>
internal sealed class HoppingWindows(long size, long slide, long offset) : AlignedWindows
{
    internal override string Detail => slide == size
        ? $"tumbling {size} ms{(offset == 0 ? "" : $", offset {offset} ms")}"
        : $"hopping {size} ms every {slide} ms{(offset == 0 ? "" : $", offset {offset} ms")}";

    public override void Assign(long time, List<TimeWindow> windows)
    {
        var last = time - Modulo(time - offset, slide);
        for (var start = last - ((size - 1) / slide * slide); start <= last; start += slide)
        {
            if (time < start + size)
                windows.Add(new(start, start + size));
        }
    }

    public override long Pane(long time)
    {
        var span = Divisor(size, slide);
        return (time - offset - Modulo(time - offset, span)) / span;
    }

    private static long Modulo(long value, long divisor) => ((value % divisor) + divisor) % divisor;

    private static long Divisor(long left, long right) => right == 0 ? left : Divisor(right, left % right);
}

/// <summary>
/// Windows of a size by the clocks of a zone: they begin at the zone's midnight, so a day has 23 or 25 hours where the clocks change, and an
/// hour that comes twice is two windows.
/// </summary>
internal sealed class ZonedWindows : AlignedWindows
{
    private static readonly long DayMilliseconds = (long)TimeSpan.FromDays(1).TotalMilliseconds;

    /// <summary>Days and sizes are added to a time: what lies too near to the ends of the calendar is not taken.</summary>
    private static readonly long FirstTime = DateTimeOffset.MinValue.AddYears(30).ToUnixTimeMilliseconds();

    private static readonly long LastTime = DateTimeOffset.MaxValue.AddYears(-30).ToUnixTimeMilliseconds();

    private readonly TimeZoneInfo _zone;
    private readonly long _size;

    public ZonedWindows(long size, TimeZoneInfo zone)
    {
        (_size, _zone) = (size, zone);

        // Replicas must agree on when the clocks change: a machine that knows other rules has another topology.
        Detail = $"tumbling {size} ms in {zone.Id}, rules {KeyHash.Of(zone.ToSerializedString()):x16}";
    }

    internal override string Detail { get; }

    public override void Assign(long time, List<TimeWindow> windows)
    {
        var day = LocalDay(time);
        if (_size >= DayMilliseconds)
        {
            var days = _size / DayMilliseconds;
            var number = day.DayNumber - (day.DayNumber % (int)days);
            windows.Add(new(Midnight(number), Midnight(number + (int)days)));
            return;
        }

        var start = Midnight(day.DayNumber);
        start += (time - start) / _size * _size;
        windows.Add(new(start, Math.Min(start + _size, Midnight(day.DayNumber + 1))));
    }

    public override long Pane(long time)
    {
        var windows = new List<TimeWindow>(1);
        Assign(time, windows);
        return windows[0].Start;
    }

    /// <exception cref="PoisonRecordException">The calendar ends before that time.</exception>
    private DateOnly LocalDay(long time) => time < FirstTime || time > LastTime
        ? throw new PoisonRecordException($"The time {time} lies in no day of the calendar, which windows by a zone's clocks go by.")
        : DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(time), _zone).DateTime);

    /// <summary>The first instant of a local day: later than 00:00 where the clocks skip that.</summary>
    private long Midnight(int dayNumber)
    {
        var local = DateOnly.FromDayNumber(dayNumber).ToDateTime(TimeOnly.MinValue);
        while (_zone.IsInvalidTime(local))
            local = local.AddMinutes(15);
        var offset = _zone.IsAmbiguousTime(local) ? _zone.GetAmbiguousTimeOffsets(local).Max() : _zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUnixTimeMilliseconds();
    }
}

/// <summary>One window for all time.</summary>
internal sealed class GlobalWindow : AlignedWindows
{
    internal override string Detail => "global";

    public override void Assign(long time, List<TimeWindow> windows) => windows.Add(TimeWindow.Everything);

    public override long Pane(long time) => 0;
}

/// <summary>A window for each time at which a key has a record: the span that ends with it.</summary>
internal sealed class SlidingWindows(long size) : WindowAssigner
{
    public long Size => size;

    internal override string Detail => $"sliding {size} ms";
}

/// <summary>Windows that last until a key is silent for a while.</summary>
internal sealed class SessionWindows(long gap) : WindowAssigner
{
    public long Gap => gap;

    internal override string Detail => $"session, gap {gap} ms";
}

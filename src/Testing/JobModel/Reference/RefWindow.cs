using System.Collections.Immutable;

namespace RaftStream.Testing;

/// <summary>Windows: which records each holds, when it gives its result out, and how long it is there.</summary>
internal sealed class RefWindow : RefOp
{
    private const int CloseTag = 1;
    private const int LogTag = 3;

    private readonly WindowPlan _plan;
    private readonly bool _firesOnClose;
    private readonly UndoMap<PaneKey, Held> _windows;
    private readonly UndoMap<RefKey, ImmutableList<(long Time, ModelRecord Record)>> _kept;

    public RefWindow(JobReference job, int place, OpSpec spec)
        : base(job, place, spec)
    {
        _plan = spec.Window!;
        _firesOnClose = _plan is { OnClose: true } or { OnUpdate: false, Count: 0, Every: 0 };
        _windows = new(job.Undo);
        _kept = new(job.Undo);
    }

    /// <summary>The windows with fixed places that hold an instant, the earliest first.</summary>
    public IReadOnlyList<(long Start, long End)> Aligned(long time)
    {
        switch (_plan.Kind)
        {
            case WindowKind.Global:
                return [(long.MinValue, long.MaxValue)];
            case WindowKind.Zoned:
                return [Zoned(time)];
            default:
                var windows = new List<(long, long)>();
                for (var start = (Floor(time - _plan.Offset, _plan.Slide) * _plan.Slide) + _plan.Offset; start + _plan.Size > time; start -= _plan.Slide)
                    windows.Insert(0, (start, start + _plan.Size));
                return windows;
        }
    }

    public override void Receive(int input, ModelRecord record, long time)
    {
        var key = KeyOf(input, record, time);
        ForgetOld();
        switch (_plan.Kind)
        {
            case WindowKind.Session:
                ReceiveSession(key, record, time);
                break;
            case WindowKind.Sliding:
                ReceiveSliding(key, record, time);
                break;
            default:
                if (!Put(key, [record], time))
                    TakeLate(record, time);
                break;
        }
    }

    public override void ReceivePartial(RefKey key, IReadOnlyList<ModelRecord> records, long time)
    {
        ForgetOld();
        if (!Put(key, records, time))
            CountLate();
    }

    public override void OnTimer(RefTimer timer)
    {
        var window = new PaneKey(timer.Key, timer.First, timer.Second);
        if (timer.Tag == LogTag)
            ForgetOld();
        if (timer.Tag == LogTag && IsLate(window))
            return;
        Job.Counts.Add(timer.Tag == LogTag ? "job window fired by log time" : "job window fired by closing");
        if (_windows.Get(window) is { Records.Count: > 0 } held)
            _windows.Set(window, Fire(window, held));
    }

    public override IEnumerable<string> Rows() => _windows.Items.Where(item => !IsOld(item.Key)).Select(item => $"{item.Key.Key.Shown}[{item.Key.Start},{item.Key.End}={ModelAggregates.Evaluate(Spec.Aggregate, item.Value.Records).Shown}");

    /// <summary>Each day begins at its midnight: two hours before UTC's until the clocks go back, one hour from then on.</summary>
    private (long Start, long End) Zoned(long time)
    {
        const long Hour = 3_600_000;
        // Records lie around the end of that summer, and a few that are far too old in the winter in which 1970 begins.
        var (spring, autumn) = (new DateTimeOffset(2026, 3, 29, 1, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds(), new DateTimeOffset(2026, 10, 25, 1, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds());
        long Offset(long at) => at >= spring && at < autumn ? 2 * Hour : Hour;
        long Midnight(long day) => (day * 24 * Hour) - Offset((day * 24 * Hour) - (2 * Hour));
        var today = Floor(time + Offset(time), 24 * Hour);
        var start = Midnight(today);
        if (_plan.Size == 24 * Hour)
            return (start, Midnight(today + 1));
        start += Floor(time - start, _plan.Size) * _plan.Size;
        return (start, Math.Min(start + _plan.Size, Midnight(today + 1)));
    }

    private bool Put(RefKey key, IReadOnlyList<ModelRecord> records, long time)
    {
        var isTaken = false;
        foreach (var (start, end) in Aligned(time))
        {
            var window = new PaneKey(key, start, end);
            if (IsLate(window))
                continue;
            isTaken = true;
            var held = _windows.Get(window) ?? new([], 0);
            OnRecord(window, held with { Records = held.Records.AddRange(records) });
        }

        return isTaken;
    }

    private void ReceiveSession(RefKey key, ModelRecord record, long time)
    {
        var window = new PaneKey(key, time, time + _plan.Size);
        var touched = _windows.Items.Where(item => item.Key.Key == key && item.Key.Start <= window.End && item.Key.End >= window.Start && !IsLate(item.Key)).OrderBy(static item => item.Key.Start).ToList();
        var merged = touched.Aggregate(window, static (sum, item) => sum with { Start = Math.Min(sum.Start, item.Key.Start), End = Math.Max(sum.End, item.Key.End) });
        if (IsLate(merged))
        {
            TakeLate(record, time);
            return;
        }

        if (touched.Count > 1)
            Job.Counts.Add("job sessions merged");
        var held = new Held([.. touched.SelectMany(static item => item.Value.Records)], touched.Sum(static item => item.Value.Counted));
        if (touched.Count != 1 || touched[0].Key != merged)
        {
            foreach (var (old, _) in touched)
            {
                _windows.Remove(old);
                Job.CancelTimer(this, Timer(old, CloseTag, old.MaxTime));
                CancelLog(old);
            }
        }

        OnRecord(merged, held with { Records = held.Records.Add(record) });
    }

    private void ReceiveSliding(RefKey key, ModelRecord record, long time)
    {
        var own = new PaneKey(key, time - _plan.Size, time + 1);
        var later = _windows.Items.Keys.Where(window => window.Key == key && window.Start > own.Start && window.Start <= time && !IsLate(window)).OrderBy(static window => window.Start).ToList();
        var hasOwn = !IsLate(own);
        if (!hasOwn && later.Count == 0)
        {
            TakeLate(record, time);
            return;
        }

        var kept = _kept.Get(key) ?? [];
        kept = kept.Insert(kept.Count(item => item.Time <= time), (time, record));
        _kept.Set(key, kept);
        if (hasOwn)
        {
            var held = _windows.Get(own);
            OnRecord(own, held is null
                ? new([.. kept.Where(item => item.Time >= time - _plan.Size && item.Time <= time).Select(static item => item.Record)], 0)
                : held with { Records = held.Records.Add(record) });
        }

        foreach (var window in later)
        {
            var held = _windows.Get(window)!;
            OnRecord(window, held with { Records = held.Records.Add(record) });
        }
    }

    /// <summary>A record was put into a window.</summary>
    private void OnRecord(PaneKey window, Held held)
    {
        var fires = _plan.OnUpdate;
        if (_firesOnClose && window.MaxTime <= Watermark)
            fires = true;
        else if (_firesOnClose)
            Job.SetTimer(this, Timer(window, CloseTag, window.MaxTime));
        if (_plan.Count > 0)
        {
            held = held with { Counted = held.Counted + 1 };
            if (held.Counted >= _plan.Count)
                (held, fires) = (held with { Counted = 0 }, true);
        }

        if (_plan.Every > 0 && !HasLog(window))
        {
            var every = _plan.Every * 1_000_000;
            Job.LogTimers.Add(Timer(window, LogTag, ((Job.LogTime / every) + 1) * every));
        }

        _windows.Set(window, fires ? Fire(window, held) : held);
    }

    private Held Fire(PaneKey window, Held held)
    {
        var (_, number) = ModelAggregates.Evaluate(Spec.Aggregate, held.Records);
        Emit(0, ModelFunctions.OfResult(window.Key.Shown, number, window.Start), window.MaxTime);
        return _plan.IsPurging ? held with { Records = [] } : held;
    }

    private void TakeLate(ModelRecord record, long time)
    {
        CountLate();
        Emit(1, record, time);
    }

    private bool IsLate(PaneKey window) => Int128.Min((Int128)window.MaxTime + _plan.Lateness, long.MaxValue) <= Watermark;

    private bool IsOld(PaneKey window) => window.MaxTime < long.MaxValue && window.MaxTime + Math.Max(_plan.Lateness, _plan.Retention) <= LastWatermark;

    private void ForgetOld()
    {
        foreach (var window in _windows.Items.Keys.Where(IsLate).ToList())
            CancelLog(window);
        foreach (var window in _windows.Items.Keys.Where(IsOld).ToList())
        {
            _windows.Remove(window);
        }
    }

    private bool HasLog(PaneKey window) => _plan.Every > 0 && Job.LogTimers.Items.Any(timer => IsOf(timer, window));

    private void CancelLog(PaneKey window)
    {
        foreach (var timer in Job.LogTimers.Items.Where(timer => IsOf(timer, window)).ToList())
            Job.LogTimers.Remove(timer);
    }

    private bool IsOf(RefTimer timer, PaneKey window) => timer.Op == Place && timer.Key == window.Key && timer.First == window.Start && timer.Second == window.End;

    private RefTimer Timer(PaneKey window, int tag, long time) => new(time, Place, tag, window.Key, window.Start, window.End);

    /// <summary>A window of a key.</summary>
    private readonly record struct PaneKey(RefKey Key, long Start, long End)
    {
        public long MaxTime => End == long.MaxValue ? long.MaxValue : End - 1;
    }

    /// <param name="Records">What it holds since it was purged.</param>
    /// <param name="Counted">How many came since it fired for their number.</param>
    private sealed record Held(ImmutableList<ModelRecord> Records, long Counted);
}

using System.Collections.Immutable;

namespace RaftStream.Testing;

/// <summary>The drawn process function over dictionaries: what has outlived its time by the log is passed over.</summary>
internal sealed class RefProcess(JobReference job, int place, OpSpec spec) : RefOp(job, place, spec)
{
    private const int EventTag = 1;
    private const int LogTag = 2;

    private readonly UndoMap<RefKey, Held<long>> _values = new(job.Undo);
    private readonly UndoMap<RefKey, ImmutableList<Held<long>>> _items = new(job.Undo);
    private readonly UndoMap<RefKey, ImmutableSortedDictionary<string, Held<long>>> _entries = new(job.Undo);

    public override void Receive(int input, ModelRecord record, long time) => ModelProcess.Process(Spec, record, new Seen(this, KeyOf(input, record, time), time, false));

    public override void OnTimer(RefTimer timer)
    {
        var isLog = timer.Tag == LogTag;
        Job.Counts.Add(isLog ? "job log timer fired" : "job event timer fired");
        ModelProcess.OnTimer(new Seen(this, timer.Key, isLog ? Watermark : timer.Time, isLog));
    }

    private Held<long> Hold(long value) => new(value, Spec.TimeToLive == 0 ? long.MaxValue : Job.LogTime + (Spec.TimeToLive * 1_000_000));

    private bool IsThere(Held<long> held)
    {
        if (held.End <= Job.LogTime)
            Job.Counts.Add("job state outlived its time");
        return held.End > Job.LogTime;
    }

    private sealed record Held<T>(T Value, long End);

    private sealed class Seen(RefProcess process, RefKey key, long time, bool isLogTimer) : IModelProcess
    {
        public long Time => time;

        public long Watermark => process.Watermark;

        public TimeSpan LogTime => TimeSpan.FromTicks(process.Job.LogTime / 100);

        public bool IsLogTimer => isLogTimer;

        public long? Value
        {
            get => process._values.Get(key) is { } held && process.IsThere(held) ? held.Value : null;
            set
            {
                if (value is { } set)
                    process._values.Set(key, process.Hold(set));
                else
                    process._values.Remove(key);
            }
        }

        public IReadOnlyList<long> Items => [.. All.Where(process.IsThere).Select(static held => held.Value)];

        public IReadOnlyList<(string Key, long Value)> Entries => [.. Map.Where(item => process.IsThere(item.Value)).Select(static item => (item.Key, item.Value.Value))];

        private ImmutableList<Held<long>> All => process._items.Get(key) ?? [];

        private ImmutableSortedDictionary<string, Held<long>> Map => process._entries.Get(key) ?? ImmutableSortedDictionary.Create<string, Held<long>>(StringComparer.Ordinal);

        public void AddItem(long item) => process._items.Set(key, All.Add(process.Hold(item)));

        public void ClearItems() => process._items.Remove(key);

        public void SetEntry(string entry, long value) => process._entries.Set(key, Map.SetItem(entry, process.Hold(value)));

        public void RemoveEntry(string entry) => process._entries.Set(key, Map.Remove(entry));

        public void SetTimer(long at) => process.Job.SetTimer(process, At(at, EventTag));

        public void CancelTimer(long at) => process.Job.CancelTimer(process, At(at, EventTag));

        public void SetLogTimer(TimeSpan at) => process.Job.LogTimers.Add(At(at.Ticks * 100, LogTag));

        public void CancelLogTimer(TimeSpan at) => process.Job.LogTimers.Remove(At(at.Ticks * 100, LogTag));

        public void Emit(ModelRecord record) => process.Emit(0, record, time);

        private RefTimer At(long at, int tag) => new(at, process.Place, tag, key, 0, 0);
    }
}

namespace RaftStream.Testing;

/// <summary>What the drawn process function sees, in the job and in its reference.</summary>
internal interface IModelProcess
{
    long Time { get; }

    long Watermark { get; }

    TimeSpan LogTime { get; }

    bool IsLogTimer { get; }

    long? Value { get; set; }

    IReadOnlyList<long> Items { get; }

    IReadOnlyList<(string Key, long Value)> Entries { get; }

    void AddItem(long item);

    void ClearItems();

    void SetEntry(string key, long value);

    void RemoveEntry(string key);

    void SetTimer(long time);

    void CancelTimer(long time);

    void SetLogTimer(TimeSpan time);

    void CancelLogTimer(TimeSpan time);

    void Emit(ModelRecord record);
}

/// <summary>The code of the drawn process function.</summary>
internal static class ModelProcess
{
    private static readonly TimeSpan LogGap = TimeSpan.FromMilliseconds(400);

    public static void Process(OpSpec op, ModelRecord record, IModelProcess context)
    {
        context.Value = (context.Value ?? 0) + 1;
        context.AddItem(record.Number);
        var entry = ModelFunctions.Show(Math.Abs(record.Number % 3));
        var entries = context.Entries.ToDictionary(static item => item.Key, static item => item.Value, StringComparer.Ordinal);
        context.SetEntry(entry, entries.GetValueOrDefault(entry) + 1);
        switch (Math.Abs((record.Number + op.Salt) % 6))
        {
            case 0:
                context.SetTimer(record.Time + op.Before);
                break;
            case 1 when op.UsesLogTimers:
                context.SetLogTimer(context.LogTime + LogGap);
                break;
            case 2:
                context.CancelTimer(record.Time + op.Before);
                break;
            case 3 when op.UsesLogTimers:
                context.CancelLogTimer(context.LogTime + LogGap);
                break;
            case 4:
                context.RemoveEntry("1");
                break;
            default:
                context.SetTimer(record.Time - op.Before);
                break;
        }

        if (context.Items.Count > 3)
        {
            context.Emit(new("sum", Sum(context), context.Time));
            context.ClearItems();
        }

        context.Emit(record with { Number = Sum(context) });
    }

    public static void OnTimer(IModelProcess context)
    {
        context.Emit(new(context.IsLogTimer ? "log" : "time", Sum(context), context.Time));
        if (context.Value > 5)
            context.Value = null;
    }

    private static long Sum(IModelProcess context)
    {
        var sum = (1000 * (context.Value ?? -1)) + context.Items.Sum();
        foreach (var (key, value) in context.Entries)
            sum = (sum * 3) + key[0] + value;
        return sum % 100_003;
    }
}

/// <summary>The drawn process function as the job runs it.</summary>
internal sealed class ModelProcessFunction<TKey> : ProcessFunction<TKey, ModelRecord, ModelRecord>
{
    private readonly OpSpec _op;
    private readonly ValueState<long> _value;
    private readonly ListState<long> _items;
    private readonly MapState<string, long> _entries;

    public ModelProcessFunction(OpSpec op)
    {
        TimeSpan? life = op.TimeToLive == 0 ? null : TimeSpan.FromMilliseconds(op.TimeToLive);
        _op = op;
        _value = DeclareValue<long>("value", timeToLive: life);
        _items = DeclareList<long>("items", timeToLive: life);
        _entries = DeclareMap<string, long>("entries", timeToLive: life);
    }

    public override void Process(ModelRecord value, ProcessContext<TKey, ModelRecord> context) => ModelProcess.Process(_op, value, new Seen(this, context));

    public override void OnTimer(ProcessContext<TKey, ModelRecord> context) => ModelProcess.OnTimer(new Seen(this, context));

    private sealed class Seen(ModelProcessFunction<TKey> function, ProcessContext<TKey, ModelRecord> context) : IModelProcess
    {
        public long Time => context.Time;

        public long Watermark => context.Watermark;

        public TimeSpan LogTime => context.LogTime;

        public bool IsLogTimer => context.IsLogTimer;

        public long? Value
        {
            get => function._value.TryGet(out var value) ? value : null;
            set
            {
                if (value is { } set)
                    function._value.Set(set);
                else
                    function._value.Clear();
            }
        }

        public IReadOnlyList<long> Items => function._items.ToList();

        public IReadOnlyList<(string Key, long Value)> Entries => [.. function._entries.ToList().Select(static item => (item.Key, item.Value))];

        public void AddItem(long item) => function._items.Add(item);

        public void ClearItems() => function._items.Clear();

        public void SetEntry(string key, long value) => function._entries.Set(key, value);

        public void RemoveEntry(string key) => function._entries.Remove(key);

        public void SetTimer(long time) => context.SetTimer(time);

        public void CancelTimer(long time) => context.CancelTimer(time);

        public void SetLogTimer(TimeSpan time) => context.SetLogTimer(time);

        public void CancelLogTimer(TimeSpan time) => context.CancelLogTimer(time);

        public void Emit(ModelRecord record) => context.Emit(record);
    }
}

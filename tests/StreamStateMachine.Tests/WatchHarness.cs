namespace RaftStream.StreamStateMachine.Tests;

/// <summary>A watch that is asked by hand, what it told, and what somebody who believes it would know.</summary>
internal sealed class WatchHarness(StoreHarness store, WatchFilter filter, LogIndex? from, int pageBytes = WatchQuery.MaxPageBytes)
{
    /// <summary>Null for a key that holds bytes.</summary>
    private readonly Dictionary<string, long?> _known = new(StringComparer.Ordinal);
    private LogIndex _last = from ?? LogIndex.Zero;

    public StoreHarness Store { get; private set; } = store;

    public Watcher Watcher { get; private set; } = new(filter, from, pageBytes);

    public List<WatchEvent> Events { get; } = [];

    public int Resets { get; private set; }

    public void Ask()
    {
        if (Watcher.AtLeast > Store.Index)
            return;
        var events = new List<WatchEvent>();
        var query = Watcher.NextQuery(events);
        Watcher.Take(Store.Index, Store.Query(query.ToArray()), events);
        foreach (var item in events)
            Know(item);
        Events.AddRange(events);
    }

    public void AskAll()
    {
        do
            Ask();
        while (!Watcher.IsUpToDate || Watcher.AtLeast <= Store.Index);
    }

    /// <summary>Another watch goes on where this one would, at another replica.</summary>
    public void GoOnAt(StoreHarness other)
    {
        Store = other;
        Watcher = new(filter, Watcher.Resume, pageBytes);
    }

    /// <summary>The same watch goes on at another replica, also in the middle of an entry or of the rows.</summary>
    public void HandOverTo(StoreHarness other)
    {
        Store = other;
        if (Watcher.IsNew)
            return;
        var resume = Watcher.Resume;
        Watcher = Watcher.GoingOn(filter, Watcher.Place, pageBytes);
        Assert.That(Watcher.Resume.HasValue, Is.EqualTo(resume.HasValue));
        Assert.That(Watcher.Resume?.Value ?? 0, Is.GreaterThanOrEqualTo(resume?.Value ?? 0), "what a place says of where to resume is no less");
    }

    /// <summary>No change was told twice since the last reset.</summary>
    public void AssertOnce(string where)
    {
        var since = Events.FindLastIndex(static item => item.Kind == WatchEventKind.Reset) + 1;
        var changes = Events.Skip(since).Where(static item => item.Kind is WatchEventKind.Changed or WatchEventKind.Deleted).Select(static item => (item.Index, item.Key)).ToArray();
        Assert.That(changes.Distinct().Count(), Is.EqualTo(changes.Length), where);
    }

    public void AssertState(string where)
    {
        var rows = new WatchHarness(Store, filter, null);
        rows.AskAll();
        var held = Store.Top(10_000).Rows.Concat(Missing()).Where(row => WatchFilter.Matches(filter.Kind, filter.Text, StoreHarness.Utf8(row.Key))).ToDictionary(static row => row.Key, static row => (long?)row.Value, StringComparer.Ordinal);
        Assert.That(InOrder(_known), Is.EqualTo(InOrder(rows._known)), where);
        Assert.That(InOrder(_known.Where(static known => known.Value is not null)), Is.EqualTo(InOrder(held)), where);
        foreach (var key in _known.Where(static known => known.Value is null).Select(static known => known.Key))
            Assert.That(Store.Values(key)[0].Kind, Is.EqualTo(ValueKind.Bytes), where);
    }

    /// <summary>By their keys: rows in any order would be compared each with each, 400 million times for 20,000 of them.</summary>
    private static CounterValue[] InOrder(IEnumerable<KeyValuePair<string, long?>> rows) =>
        [.. rows.OrderBy(static row => row.Key, StringComparer.Ordinal).Select(static row => new CounterValue(row.Key, row.Value))];

    /// <summary>The rows that no top list of 10,000 holds.</summary>
    private IEnumerable<CounterRow> Missing() => Store.Top(1).Distinct <= 10_000
        ? []
        : _known.Where(static known => known.Value is not null).Select(static known => known.Key).Except(Store.Top(10_000).Rows.Select(static row => row.Key), StringComparer.Ordinal).Select(key => new CounterRow(key, Store.Get(key).Value));

    private void Know(WatchEvent item)
    {
        switch (item.Kind)
        {
            case WatchEventKind.Reset:
                _known.Clear();
                Resets++;
                return;
            case WatchEventKind.Row:
                Assert.That(_known.TryAdd(item.Key, item.Value), Is.True, "a row comes once");
                break;
            case WatchEventKind.Changed:
                _known[item.Key] = item.Value;
                break;
            case WatchEventKind.Bytes:
                _known[item.Key] = null;
                break;
            case WatchEventKind.Deleted:
                Assert.That(_known.Remove(item.Key) || item.Resume is null, Is.True, "only what there was is deleted");
                break;
        }

        Assert.That(item.Index, Is.GreaterThanOrEqualTo(_last), "events come in the order of the log");
        _last = item.Index;
    }
}

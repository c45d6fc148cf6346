using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

/// <summary>Random use of a log, with a model of what it must hold once the operation under way has returned, and of what until then.</summary>
internal sealed class LogWorkload(ulong seed)
{
    private readonly SimRandom _random = new(seed);
    private SegmentedLog? _log;
    private long _clock;

    /// <summary>What every operation that returned has made durable.</summary>
    public LogModel Acknowledged { get; private set; } = new();

    /// <summary>What the operation under way will have made of it, or null.</summary>
    public LogModel? UnderWay { get; private set; }

    /// <summary>The operation under way, for messages.</summary>
    public string Doing { get; private set; } = "opening";

    /// <summary>Opens the log and uses it.</summary>
    public void Run(IDisk disk, int steps)
    {
        using var log = LogBench.Open(disk);
        Use(log);
        RunSteps(steps);
    }

    public void Use(SegmentedLog log) => _log = log;

    /// <summary>The operation that was under way turned out to have happened.</summary>
    public void Settle()
    {
        Acknowledged = UnderWay ?? Acknowledged;
        UnderWay = null;
    }

    public void RunSteps(int steps)
    {
        UnderWay = null;
        for (var step = 0; step < steps; step++)
        {
            var next = Acknowledged.Copy();
            var choice = _random.Below(20);
            if (choice == 0 && next.Entries.Count > 0)
                Compact(next);
            else if (choice == 1)
                Reset(next);
            else if (choice is >= 2 and <= 5)
                _ = _log!.PrebuildSlice();
            else
                Commit(next);
            Settle();
        }
    }

    private void Compact(LogModel next)
    {
        var index = next.Start.Index + _random.Below(next.Entries.Count + 1);
        next.Compactable = LogIndex.Max(next.Compactable, index);
        Begin(next, $"compacting to {index}");
        _log!.CompactTo(index);
    }

    private void Reset(LogModel next)
    {
        var start = new LogPosition(next.Last.Index + _random.Between(1, 50), new Term(next.HardState.Term.Value + 1));
        next.Reset(start, ++_clock);
        Begin(next, $"resetting to {start}");
        _log!.Reset(start, _clock);
    }

    private void Commit(LogModel next)
    {
        for (var parts = _random.Between(1, 4); parts > 0; parts--)
        {
            if (_random.Chance(0.25) || next.HardState.Term.Value == 0)
            {
                next.HardState = LogBench.State(Math.Max(next.HardState.Term.Value, next.Last.Term.Value) + _random.Below(2) + 1, _random.Below(4));
                _log!.Stage(next.HardState);
            }
            else
            {
                StageEntries(next);
            }
        }

        Begin(next, "committing");
        _log!.Commit();
    }

    private void StageEntries(LogModel next)
    {
        var lowest = LogIndex.Max(next.Compactable, next.Start.Index).Value + 1;
        var first = next.Last.Index.Value + 1;
        if (_random.Chance(0.2) && first > lowest)
            first = Math.Max(lowest, first - _random.Between(1, 8));
        var entries = new TestEntry[_random.Between(1, 3)];
        for (var place = 0; place < entries.Length; place++)
        {
            var payload = new byte[_random.Chance(0.05) ? _random.Below(9000) : _random.Below(900)];
            if (_random.Chance(0.7))
                _random.Fill(payload);
            var term = Math.Max(next.HardState.Term.Value, 1);
            entries[place] = new(LogBench.At(first + place, term), ++_clock, payload);
            next.Put(entries[place]);
        }

        _log!.Stage(entries);
    }

    private void Begin(LogModel next, string doing)
    {
        UnderWay = next;
        Doing = doing;
    }
}

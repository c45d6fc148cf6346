using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>
/// Some watchers, each of some counters, that go on where they were at whatever node: their nodes die, install snapshots, forget what is too long ago. What they are told is
/// held against what changed.
/// </summary>
internal sealed class WatchWorkload
{
    private const int Watchers = 3;

    private readonly Simulation _simulation;
    private readonly SimRandom _random;
    private readonly WatchOracle _oracle = new();
    private readonly List<Watch> _watches = [];

    /// <summary>Watchers of a run, which draw from a source of their own.</summary>
    public WatchWorkload(Simulation simulation, SimRandom random)
    {
        (_simulation, _random) = (simulation, random);
        for (var i = 0; i < Watchers; i++)
            _watches.Add(Begin());
    }

    /// <summary>Whether every watcher was told everything.</summary>
    public bool IsAtRest => _watches.TrueForAll(static watch => watch.Checker.IsComplete);

    /// <summary>A command was applied for the first time anywhere.</summary>
    public void OnApplied(SimNode node, in Command command) => _oracle.OnApplied(node.ApplyingMachine!, command);

    /// <summary>A batch was applied for the first time anywhere, and has changed this.</summary>
    public void OnBatch(LogIndex index, IReadOnlyList<ModelChange> changes) => _oracle.OnBatch(index, changes);

    /// <summary>A watcher asks on, or goes to another node.</summary>
    public void Act(bool isActive)
    {
        var place = _random.Below(_watches.Count);
        if (isActive && _random.Chance(0.01))
            _watches[place] = Begin();
        var watch = _watches[place];
        var isLost = watch.Asked is { } asked && (watch.Node!.Life != watch.Life || _simulation.Now - asked > 1_000_000_000);
        if (isLost || (isActive && _random.Chance(0.02)))
            Leave(watch);
        if (watch.Asked is null)
            Ask(watch);
    }

    private Watch Begin()
    {
        var filter = _random.Below(4) switch
        {
            0 => WatchFilter.All,
            1 => WatchFilter.Prefix("#"),
            2 => WatchFilter.Key("#provisional"),
            _ => WatchFilter.Prefix(((char)('a' + _random.Below(26))).ToString()),
        };
        LogIndex? from = _random.Chance(0.5) ? null : LogIndex.Zero;
        var pageBytes = 1 << _random.Between(4, 12);
        return new() { Filter = filter, PageBytes = pageBytes, Watcher = new(filter, from, pageBytes), Checker = new(filter, _oracle, from) };
    }

    /// <summary>The watcher's connection ends: it goes on somewhere, behind what it has handled.</summary>
    private static void Leave(Watch watch)
    {
        watch.Asked = null;
        watch.Turn++;
        watch.LastNode = watch.Node ?? watch.LastNode;
        watch.Node = null;
        watch.Checker.GoesOn(watch.Resume);
        watch.Watcher = new(watch.Filter, watch.Resume, watch.PageBytes);
    }

    private void Ask(Watch watch)
    {
        if (watch.Node is null)
        {
            watch.Node = _simulation.Nodes[_random.Below(_simulation.Nodes.Count)];
            (watch.Life, watch.IsFirst) = (watch.Node.Life, true);
        }

        var turn = watch.Turn;
        watch.Asked = _simulation.Now;
        var events = new List<WatchEvent>();
        var query = watch.Watcher.NextQuery(events);
        Tell(watch, events);
        if (!watch.Node.Ask(new(RequestKind.ReadAt, query, default, watch.Watcher.AtLeast, answer => OnAnswer(watch, turn, answer))))
            Leave(watch);
    }

    private void OnAnswer(Watch watch, int turn, in Answer answer)
    {
        if (turn != watch.Turn)
            return;
        watch.Asked = null;
        if (answer.Outcome != Outcome.Applied)
        {
            Leave(watch);
            return;
        }

        var events = new List<WatchEvent>();
        watch.Watcher.Take(answer.Position.Index, answer.Reply.Span, events);
        Count(watch, answer.Position.Index, events);
        watch.IsFirst = false;
        if (events.Count == 0 && watch.Watcher.IsUpToDate)
            events.Add(watch.Watcher.Progress);
        Tell(watch, events);
    }

    private static void Tell(Watch watch, List<WatchEvent> events)
    {
        foreach (var item in events)
        {
            watch.Checker.Told(item);
            watch.Resume = item.Resume;
        }
    }

    private void Count(Watch watch, LogIndex applied, List<WatchEvent> events)
    {
        _simulation.Counts.Add("watch change told", events.Count(static item => item.Kind is WatchEventKind.Changed or WatchEventKind.Deleted));
        _simulation.Counts.Add("watch bytes told", events.Count(static item => item.Kind == WatchEventKind.Bytes));
        if (events.Exists(static item => item.Kind == WatchEventKind.Reset))
        {
            // Behind a whole entry begins what a snapshot left; what was forgotten for want of room ends with a change.
            var isRestored = watch.Node!.ApplyingMachine is CountingStore { HistoryFloor.Number: ChangePlace.Whole };
            _simulation.Counts.Add(isRestored ? watch.IsFirst ? "watch reset at a restored node" : "watch reset under an installed snapshot" : "watch reset behind what is forgotten");
        }
        else if (watch.IsFirst && watch.Resume is { } resume && resume > LogIndex.Zero && applied > resume)
        {
            _simulation.Counts.Add("watch resumed from what is kept");
            if (watch.LastNode is { } last && last != watch.Node)
                _simulation.Counts.Add("watch resumed at another node");
        }
    }

    /// <summary>A watcher and the node that it is at.</summary>
    private sealed class Watch
    {
        public required WatchFilter Filter { get; init; }

        /// <summary>Asks for so little at a time that rows and entries come in parts.</summary>
        public required int PageBytes { get; init; }

        public required Watcher Watcher { get; set; }

        public required WatchChecker Checker { get; init; }

        public SimNode? Node { get; set; }

        public SimNode? LastNode { get; set; }

        /// <summary>Which life of its node.</summary>
        public int Life { get; set; }

        /// <summary>When it asked what is not answered yet, in true time.</summary>
        public long? Asked { get; set; }

        /// <summary>Counts its connections: an answer on an older one is not heard.</summary>
        public int Turn { get; set; }

        /// <summary>Whether nothing was answered yet at this node.</summary>
        public bool IsFirst { get; set; }

        /// <summary>Where it would go on.</summary>
        public LogIndex? Resume { get; set; }
    }
}

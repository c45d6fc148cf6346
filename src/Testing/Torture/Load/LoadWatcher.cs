namespace RaftStream.Testing;

/// <summary>Something that a watcher was told, and when: in nanoseconds of the run.</summary>
internal readonly record struct WatchHeard(WatchTold Told, long At);

/// <summary>A stretch of a watch at one node, from where the one before had come to.</summary>
/// <param name="Node">At which node.</param>
/// <param name="From">The place behind which it went on; null if it began anew.</param>
/// <param name="Heard">What it was told, in order.</param>
internal sealed record WatchStretch(int Node, long? From, IReadOnlyList<WatchHeard> Heard);

/// <summary>What the watchers of a run were told: for each its stretches, in order.</summary>
/// <param name="Watchers">The watchers.</param>
internal sealed record WatchAccount(IReadOnlyList<IReadOnlyList<WatchStretch>> Watchers)
{
    /// <summary>How often a watcher went on from where it was, at the node where it had been or at another one.</summary>
    public (int Here, int Elsewhere) Resumed
    {
        get
        {
            var (here, elsewhere) = (0, 0);
            foreach (var (before, next) in Watchers.SelectMany(static stretches => stretches.Zip(stretches.Skip(1))))
            {
                if (next.From is null || next.Heard is not [{ Told.Kind: not WatchToldKind.Reset }, ..])
                    continue;
                here += next.Node == before.Node ? 1 : 0;
                elsewhere += next.Node == before.Node ? 0 : 1;
            }

            return (here, elsewhere);
        }
    }

    /// <summary>How often a watcher was told to begin anew, the first time not counted.</summary>
    public int Resets => Watchers.Sum(static stretches => Math.Max(0, stretches.Sum(static stretch => stretch.Heard.Count(static heard => heard.Told.Kind == WatchToldKind.Reset)) - 1));
}

/// <summary>One watcher, which goes from node to node: used by whoever took it, one at a time.</summary>
internal sealed class LoadWatcher
{
    private readonly List<WatchStretch> _stretches = [];
    private string? _id;
    private long? _resume;

    /// <summary>What it was told so far.</summary>
    public IReadOnlyList<WatchStretch> Stretches => _stretches;

    /// <summary>How far it has come: everything up to there was told, or is in the rows.</summary>
    public long Place => _resume ?? 0;

    /// <summary>How many things it was told in all.</summary>
    public int Count { get; private set; }

    /// <summary>Begins anew the next time.</summary>
    public void Forget() => (_id, _resume) = (null, null);

    /// <summary>Watches at a node until it is told to stop, or <paramref name="isEnough"/> says so of how far it has come.</summary>
    /// <param name="system">Whom to ask.</param>
    /// <param name="node">The node.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="clock">The time of the run.</param>
    /// <param name="onFirst">Called with the first thing that it is told.</param>
    /// <param name="isEnough">Whether it may stop.</param>
    /// <param name="end">When to hang up.</param>
    public async Task WatchAsync(IWatchSystem system, int node, string address, Func<long> clock, Action<WatchTold> onFirst, Func<bool> isEnough, CancellationToken end)
    {
        var heard = new List<WatchHeard>();
        _stretches.Add(new(node, _resume, heard));
        await foreach (var told in system.WatchAsync(address, WatchLoad.Prefix, _id, end))
        {
            if (heard.Count == 0)
                onFirst(told);
            heard.Add(new(told, clock()));
            Count++;
            if (told.Id is not null)
                (_id, _resume) = (told.Id, told.Resume);
            if (isEnough())
                return;
        }
    }
}

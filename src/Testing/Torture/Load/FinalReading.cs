namespace RaftStream.Testing;

/// <summary>
/// What is asked once everything is mended: each key, and each node where it stands. Bounded by the token that it is given; what was not answered by
/// then is told as not read.
/// </summary>
internal sealed class FinalReading(LoadShare share, IReadOnlyList<ILoad> loads, SimRandom random)
{
    /// <summary>So many keys of a workload, the newest, are read through every node; older ones through one.</summary>
    public const int KeysReadEverywhere = 40;

    private const int Readers = 16;

    // A read in vain takes as long as so many calls.
    private const int CallsOfRead = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly Queue<(ILoad Load, string Key, int Node)> _open = new();
    private readonly List<FinalRead> _reads = [];
    private readonly Dictionary<int, NodeView> _views = [];
    private readonly HashSet<int> _silent = [];

    /// <summary>What was read.</summary>
    public IReadOnlyList<FinalRead> Reads => _reads;

    /// <summary>Where each node stood at last.</summary>
    public IReadOnlyDictionary<int, NodeView> Views => _views;

    /// <summary>Asks.</summary>
    public async Task RunAsync(CancellationToken end)
    {
        var nodes = await MembersAsync(end);
        foreach (var load in loads)
            Plan(load, nodes);
        var readers = Enumerable.Range(0, Readers).Select(number => new LoadClient(share, number, random.Fork())).ToArray();
        await Task.WhenAll(readers.Select(reader => Task.Run(() => ReadAsync(reader, end), CancellationToken.None)));
        await AgreeAsync(nodes, end);
    }

    private void Plan(ILoad load, IReadOnlyList<int> nodes)
    {
        var keys = load.Keys;
        for (var place = 0; place < keys.Count; place++)
        {
            if (place >= keys.Count - KeysReadEverywhere)
            {
                foreach (var node in nodes)
                    _open.Enqueue((load, keys[place], node));
            }
            else
            {
                _open.Enqueue((load, keys[place], nodes[place % nodes.Count]));
            }
        }
    }

    private async Task ReadAsync(LoadClient reader, CancellationToken end)
    {
        await using var owned = reader;
        while (TryNext(out var next))
        {
            if (reader.Node != next.Node)
                await reader.MoveAsync(next.Node);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(end);
            limit.CancelAfter(share.Timeout * CallsOfRead);
            var value = await ReadAsync(reader, next.Load, new(next.Key, OperationFunction.Read), next.Node, limit.Token);
            lock (_lock)
            {
                _reads.Add(new(next.Load.Name, next.Key, next.Node, value));
                if (value is null)
                    _silent.Add(next.Node);
            }
        }
    }

    // One node that does not answer must not take the time of all reads: after one whole read in vain the others are not tried.
    private async Task<HistoryValue?> ReadAsync(LoadClient reader, ILoad load, ClientCall call, int node, CancellationToken limit)
    {
        while (!limit.IsCancellationRequested && !IsSilent(node))
        {
            var invoked = reader.Begin();
            var answer = await reader.AttemptAsync(load, call);
            reader.Record(load.Name, call, invoked, node, answer);
            if (answer.Kind == AnswerKind.Ok)
                return answer.Result;
            await PauseAsync(limit);
        }
        return null;
    }

    private bool IsSilent(int node)
    {
        lock (_lock)
            return _silent.Contains(node);
    }

    private bool TryNext(out (ILoad Load, string Key, int Node) next)
    {
        lock (_lock)
            return _open.TryDequeue(out next);
    }

    // Those that vote by the account of a leader: a node that was removed has nothing to tell. All, where no leader tells who votes.
    private async Task<IReadOnlyList<int>> MembersAsync(CancellationToken end)
    {
        do
        {
            await LookAsync(share.Driver.Nodes);
            if (_views.Values.Where(static view => view.IsLeader).MaxBy(static view => view.Term) is { } leader)
                return leader.Voters.Count > 0 ? [.. share.Driver.Nodes.Intersect(leader.Voters)] : share.Driver.Nodes;
        }
        while (_views.Count > 0 && await PauseAsync(end));
        return share.Driver.Nodes;
    }

    private async Task AgreeAsync(IReadOnlyList<int> nodes, CancellationToken end)
    {
        do
            await LookAsync(nodes);
        while (_views.Count > 0 && !NodeViews.Agree(_views, nodes) && NodeViews.Diverged(_views) is null && await PauseAsync(end));
    }

    private async Task LookAsync(IReadOnlyList<int> nodes)
    {
        _views.Clear();
        var looks = nodes.Select(async node => (Node: node, View: await share.LookAsync(node)));
        foreach (var (node, view) in await Task.WhenAll(looks))
        {
            if (view is not null)
                _views[node] = view;
        }
    }

    private static async Task<bool> PauseAsync(CancellationToken end)
    {
        try
        {
            await Task.Delay(Pause, end);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}

/// <summary>What the accounts of nodes say together.</summary>
internal static class NodeViews
{
    /// <summary>Whether all these nodes told where they stand, and it is the same place and the same state.</summary>
    public static bool Agree(IReadOnlyDictionary<int, NodeView> views, IReadOnlyList<int> nodes) => nodes.All(node =>
        views.TryGetValue(node, out var view) && view.Applied == views[nodes[0]].Applied && view.StateHash == views[nodes[0]].StateHash);

    /// <summary>Two nodes whose states differ at one place, which no time will mend; null if there are none.</summary>
    public static (int One, int Other)? Diverged(IReadOnlyDictionary<int, NodeView> views)
    {
        foreach (var place in views.Where(static view => view.Value.StateHash.Length > 0).GroupBy(static view => view.Value.Applied))
        {
            var (one, first) = place.First();
            foreach (var (other, view) in place)
            {
                if (view.StateHash != first.StateHash)
                    return (one, other);
            }
        }
        return null;
    }
}

namespace RaftStream.Testing;

/// <summary>
/// Counters that some watchers are told the changes of, while clients add to them. A watcher goes from node to node: whichever client takes it watches for a while at its own node, from
/// where the watcher had come to. In the history a stretch of a watch is a read that ends with the first thing that is told.
/// </summary>
internal sealed class WatchLoad : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "watch";

    /// <summary>The beginning of its keys, and what is watched.</summary>
    public const string Prefix = LoadName + "/";

    /// <summary>The level under which a stretch of a watch stands in the history.</summary>
    public const string Level = "watch";

    /// <summary>What a stretch of a watch is about, in the history.</summary>
    public const string AllKeys = Prefix + "*";

    private const int Watchers = 4;
    private const int LeastMs = 200;
    private const int MostMs = 2_500;
    private const double BeginsAnew = 0.05;

    // A watcher that was away for long goes on behind what a node that restored a snapshot does not know any more.
    private const double RestsLong = 0.15;
    private const int MostRestMs = 30_000;

    // All that watchers are told stays in memory, about 100 bytes each: beyond that nothing is added any more, so that they can still come to the end.
    private const int MostTold = 1_000_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly IWatchSystem _system;
    private readonly Lock _lock = new();
    private readonly LoadWatcher[] _watchers = [.. Enumerable.Range(0, Watchers).Select(static _ => new LoadWatcher())];
    private readonly PriorityQueue<LoadWatcher, long> _free;
    private readonly WorkKeys<UniqueAmounts> _keys = new(LoadName, static () => new());
    private long _acknowledged;

    /// <summary>Watchers of that system; none watches yet.</summary>
    public WatchLoad(IWatchSystem system) => (_system, _free) = (system, new(_watchers.Select(static watcher => (watcher, 0L))));

    /// <inheritdoc/>
    public string Name => LoadName;

    /// <inheritdoc/>
    public LoadObject Object => LoadObject.Counter;

    /// <inheritdoc/>
    public IReadOnlyList<string> Keys => _keys.Names;

    /// <summary>What the watchers were told; null before <see cref="SettleAsync"/>.</summary>
    public WatchAccount? Account { get; private set; }

    /// <inheritdoc/>
    public async Task StepAsync(LoadClient client)
    {
        if (client.Random.Chance(0.12) && TryTake(client.Now) is { } watcher)
        {
            using var end = new CancellationTokenSource(client.Random.Between(LeastMs, MostMs));
            if (client.Random.Chance(BeginsAnew))
                watcher.Forget();
            await WatchAsync(client, watcher, static () => false, end.Token);
            Give(watcher, client.Random.Chance(RestsLong) ? client.Now + (client.Random.Between(0, MostRestMs) * 1_000_000L) : 0);
            return;
        }

        var key = _keys.Of(client.Group);
        var isAdd = client.Random.Chance(0.75) && _watchers.Sum(static one => one.Count) < MostTold;
        var answer = await client.CallAsync(this, isAdd
            ? new(key.Name, OperationFunction.Add, key.State.Next(client.Random))
            : new(key.Name, OperationFunction.Read));
        _keys.Ended(client.Group, key, answer.Kind);
        if (isAdd && answer.Kind == AnswerKind.Ok)
            Acknowledged(answer.Index);
    }

    /// <summary>Each watcher goes on, at one node after the other, until it was told of the last write that was acknowledged.</summary>
    public async Task SettleAsync(LoadClient client, CancellationToken end)
    {
        foreach (var watcher in _watchers)
        {
            while (watcher.Place < _acknowledged && !end.IsCancellationRequested)
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(end);
                limit.CancelAfter(MostMs);
                await WatchAsync(client, watcher, () => watcher.Place >= _acknowledged, limit.Token);
                if (watcher.Place < _acknowledged)
                    await Task.Delay(Pause, CancellationToken.None);
                await client.MoveAsync(client.AnyNode());
            }
        }

        Account = new([.. _watchers.Select(static watcher => watcher.Stretches)]);
    }

    private async Task WatchAsync(LoadClient client, LoadWatcher watcher, Func<bool> isEnough, CancellationToken end)
    {
        var call = new ClientCall(AllKeys, OperationFunction.Read) { Level = Level };
        var (invoked, node, isTold) = (client.Begin(), client.Node, false);
        await watcher.WatchAsync(
            _system,
            node,
            client.Address,
            () => client.Now,
            told =>
            {
                client.Record(Name, call, invoked, node, new(AnswerKind.Ok, watcher.Count) { Index = told.Index });
                isTold = true;
            },
            isEnough,
            end);
        if (!isTold)
            client.Record(Name, call, invoked, node, new(AnswerKind.Failed));
    }

    private LoadWatcher? TryTake(long now)
    {
        lock (_lock)
            return _free.TryPeek(out _, out var due) && due <= now ? _free.Dequeue() : null;
    }

    private void Give(LoadWatcher watcher, long due)
    {
        lock (_lock)
            _free.Enqueue(watcher, due);
    }

    private void Acknowledged(long index)
    {
        lock (_lock)
            _acknowledged = Math.Max(_acknowledged, index);
    }
}

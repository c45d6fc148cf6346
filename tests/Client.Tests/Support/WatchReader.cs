namespace RaftStream.Client.Tests.Support;

/// <summary>Takes the events of a watch one by one, remembers them, and keeps what somebody would know who believes them.</summary>
internal sealed class WatchReader : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _end = new();
    private readonly IAsyncEnumerator<ClientWatchEvent> _events;

    public WatchReader(IAsyncEnumerable<ClientWatchEvent> events) => _events = events.GetAsyncEnumerator(_end.Token);

    /// <summary>All that was told so far.</summary>
    public List<ClientWatchEvent> Told { get; } = [];

    /// <summary>The counters that are watched.</summary>
    public Dictionary<string, long> State { get; } = new(StringComparer.Ordinal);

    /// <summary>The next event; fails the test where none comes for a minute.</summary>
    public async Task<ClientWatchEvent> NextAsync()
    {
        _end.CancelAfter(Limit);
        Assert.That(await _events.MoveNextAsync(), Is.True, "a watch goes on for ever");
        _end.CancelAfter(Timeout.InfiniteTimeSpan);
        var told = _events.Current;
        Told.Add(told);
        if (told.Kind == ClientWatchKind.Reset)
            State.Clear();
        else if (told.Kind == ClientWatchKind.Deleted)
            State.Remove(told.Key);
        else if (told.Kind != ClientWatchKind.Progress)
            State[told.Key] = told.Value;
        return told;
    }

    /// <summary>The first event from here on of which that is true.</summary>
    public async Task<ClientWatchEvent> UntilAsync(Func<ClientWatchEvent, bool> isIt)
    {
        while (true)
        {
            if (await NextAsync() is var told && isIt(told))
                return told;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync();
        _end.Dispose();
    }
}

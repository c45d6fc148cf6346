namespace RaftStream.Testing;

/// <summary>Counters that are read at every level the system has: each level is held against what it promises, no more.</summary>
/// <param name="levels">The levels.</param>
internal sealed class LevelsLoad(IReadOnlyList<string> levels) : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "levels";

    private readonly WorkKeys<UniqueAmounts> _keys = new(LoadName, static () => new());

    /// <inheritdoc/>
    public string Name => LoadName;

    /// <inheritdoc/>
    public LoadObject Object => LoadObject.Counter;

    /// <inheritdoc/>
    public IReadOnlyList<string> Keys => _keys.Names;

    /// <inheritdoc/>
    public async Task StepAsync(LoadClient client)
    {
        var key = _keys.Of(client.Group);
        var answer = await client.CallAsync(this, client.Random.Chance(0.7)
            ? new(key.Name, OperationFunction.Read) { Level = levels[client.Random.Below(levels.Count)] }
            : new(key.Name, OperationFunction.Add, key.State.Next(client.Random)));
        _keys.Ended(client.Group, key, answer.Kind);
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => Task.CompletedTask;
}

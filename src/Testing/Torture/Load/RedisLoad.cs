namespace RaftStream.Testing;

/// <summary>
/// Counters as <see cref="CounterLoad"/> has them, over the port of the Redis protocol: half of the steps are one call, half a pipeline of two or three calls on one key, which must be answered as if
/// they were done one after the other.
/// </summary>
internal sealed class RedisLoad : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "redis";

    // Fewer than elsewhere: each may have three calls under way at once.
    private const int ClientsOfKey = 4;

    private static readonly OperationFunction[][] Pipelines =
    [
        [OperationFunction.Add, OperationFunction.Read, OperationFunction.Add],
        [OperationFunction.Read, OperationFunction.Add, OperationFunction.Read],
        [OperationFunction.Add, OperationFunction.Add],
        [OperationFunction.Add, OperationFunction.Read],
    ];

    private readonly WorkKeys<UniqueAmounts> _keys = new(LoadName, static () => new());

    /// <inheritdoc/>
    public string Name => LoadName;

    /// <inheritdoc/>
    public LoadObject Object => LoadObject.Counter;

    /// <inheritdoc/>
    public bool SpeaksRedis => true;

    /// <inheritdoc/>
    public IReadOnlyList<string> Keys => _keys.Names;

    /// <inheritdoc/>
    public async Task StepAsync(LoadClient client)
    {
        var group = client.Number / ClientsOfKey;
        var key = _keys.Of(group);
        if (client.Random.Chance(0.5))
        {
            var answer = await client.CallAsync(this, Call(client, key, client.Random.Chance(0.35) ? OperationFunction.Read : OperationFunction.Add));
            _keys.Ended(group, key, answer.Kind);
            return;
        }

        var pipeline = Pipelines[client.Random.Below(Pipelines.Length)];
        foreach (var answer in await client.CallAllAsync(this, [.. pipeline.Select(function => Call(client, key, function))]))
            _keys.Ended(group, key, answer.Kind);
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => Task.CompletedTask;

    private static ClientCall Call(LoadClient client, WorkKey<UniqueAmounts> key, OperationFunction function) =>
        function == OperationFunction.Read ? new(key.Name, function) : new(key.Name, function, key.State.Next(client.Random));
}

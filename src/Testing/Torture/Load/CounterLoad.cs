namespace RaftStream.Testing;

/// <summary>
/// Counters with adds of large random amounts, no two alike on a key: so the sum names the adds that are in it, and a lost one or one that counted
/// twice cannot pass for others.
/// </summary>
internal sealed class CounterLoad : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "counter";

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
        var answer = await client.CallAsync(this, client.Random.Chance(0.35)
            ? new(key.Name, OperationFunction.Read)
            : new(key.Name, OperationFunction.Add, key.State.Next(client.Random)));
        _keys.Ended(client.Group, key, answer.Kind);
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => Task.CompletedTask;
}

/// <summary>Amounts of up to 40 bits, each given once. Some hundred of them stay far below 64 bits.</summary>
internal sealed class UniqueAmounts
{
    private const long Most = 1L << 40;

    private readonly Lock _lock = new();
    private readonly HashSet<long> _given = [];

    /// <summary>An amount that was not given before.</summary>
    public long Next(SimRandom random)
    {
        lock (_lock)
        {
            long amount;
            do
                amount = 1 + random.Below(Most);
            while (!_given.Add(amount));
            return amount;
        }
    }
}

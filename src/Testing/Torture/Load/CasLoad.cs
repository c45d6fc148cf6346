namespace RaftStream.Testing;

/// <summary>
/// Registers that are only changed by compare-and-set from the value just read to one that nobody else sets: each value names the change that brought
/// it, so two changes from one value (a lost update) are seen at once.
/// </summary>
internal sealed class CasLoad : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "cas";

    private readonly WorkKeys<Numbers> _keys = new(LoadName, static () => new());

    /// <inheritdoc/>
    public string Name => LoadName;

    /// <inheritdoc/>
    public LoadObject Object => LoadObject.Register;

    /// <inheritdoc/>
    public IReadOnlyList<string> Keys => _keys.Names;

    /// <inheritdoc/>
    public async Task StepAsync(LoadClient client)
    {
        var key = _keys.Of(client.Group);
        var read = await client.CallAsync(this, new(key.Name, OperationFunction.Read));
        _keys.Ended(client.Group, key, read.Kind);
        if (read.Kind != AnswerKind.Ok || client.Random.Chance(0.2))
            return;
        var change = await client.CallAsync(this, new(key.Name, OperationFunction.CompareAndSet, HistoryValue.List(read.Result!.Value, key.State.Next())));
        _keys.Ended(client.Group, key, change.Kind);
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => Task.CompletedTask;
}

/// <summary>Numbers from 1 on, each given once.</summary>
internal sealed class Numbers
{
    private long _last;

    /// <summary>The next one.</summary>
    public long Next() => Interlocked.Increment(ref _last);
}

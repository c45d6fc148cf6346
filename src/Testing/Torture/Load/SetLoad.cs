namespace RaftStream.Testing;

/// <summary>
/// Sets, kept as numbers: member e is the bit 2^e, added once. So the value tells exactly who is in it, a lost add leaves a hole, and one that counted
/// twice carries into its neighbour.
/// </summary>
internal sealed class SetLoad : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "set";

    /// <summary>Members of one key: 0 to 59.</summary>
    public const int Members = 60;

    private readonly WorkKeys<Numbers> _keys = new(LoadName, static () => new());

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
        var call = new ClientCall(key.Name, OperationFunction.Read);
        if (client.Random.Chance(0.45))
        {
            var member = key.State.Next() - 1;
            if (member >= Members)
            {
                _keys.Retire(client.Group, key);
                return;
            }
            call = new(key.Name, OperationFunction.Add, 1L << (int)member);
        }
        var answer = await client.CallAsync(this, call);
        _keys.Ended(client.Group, key, answer.Kind);
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => Task.CompletedTask;
}

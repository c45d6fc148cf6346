namespace RaftStream.Testing;

/// <summary>
/// Lists, kept as numbers: appending digit d makes the value 16 times itself plus d, by reading and compare-and-set until it succeeds. A key takes each
/// of the digits 1 to 15 once, so the value tells which appends there were, and in which order.
/// </summary>
internal sealed class AppendLoad : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "append";

    /// <summary>What each element shifts the list by.</summary>
    public const int Base = 16;

    private const int Tries = 6;

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
        if (client.Random.Chance(0.3))
        {
            _ = await CallAsync(client, key, new(key.Name, OperationFunction.Read));
            return;
        }
        var digit = key.State.Next();
        if (digit >= Base)
        {
            _keys.Retire(client.Group, key);
            return;
        }
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var read = await CallAsync(client, key, new(key.Name, OperationFunction.Read));
            if (read.Kind != AnswerKind.Ok)
                continue;
            var old = read.Result!.Value;
            var change = await CallAsync(client, key, new(key.Name, OperationFunction.CompareAndSet, HistoryValue.List(old, (old.Number * Base) + digit)));

            // After one of unknown outcome the digit may be there, or still to come: nobody may try it again.
            if (change.Kind != AnswerKind.Failed)
                return;
        }
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => Task.CompletedTask;

    private async Task<ClientAnswer> CallAsync(LoadClient client, WorkKey<Numbers> key, ClientCall call)
    {
        var answer = await client.CallAsync(this, call);
        _keys.Ended(client.Group, key, answer.Kind);
        return answer;
    }
}

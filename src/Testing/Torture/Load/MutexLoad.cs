namespace RaftStream.Testing;

/// <summary>
/// Locks: compare-and-set from free (null or 0) to a token that nobody else uses, and back to 0. A lock whose holder cannot find out what became of its
/// call is left to itself.
/// </summary>
internal sealed class MutexLoad : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "mutex";

    private const int Tries = 4;
    private const int MostHeld = 3;

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
        var read = await CallAsync(client, key, new(key.Name, OperationFunction.Read));
        if (read.Kind != AnswerKind.Ok || read.Result!.Value.Number != 0)
            return;
        HistoryValue token = key.State.Next();
        var taken = await CallAsync(client, key, new(key.Name, OperationFunction.CompareAndSet, HistoryValue.List(read.Result.Value, token)));
        if (taken.Kind == AnswerKind.Failed)
            return;
        if (taken.Kind == AnswerKind.Unknown && await LooksLikeAsync(client, key, token) != true)
        {
            // It may be taken yet, and nobody would give it back.
            _keys.Retire(client.Group, key);
            return;
        }
        for (var count = client.Random.Below(MostHeld); count > 0; count--)
            _ = await CallAsync(client, key, new(key.Name, OperationFunction.Read));
        await ReleaseAsync(client, key, token);
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => Task.CompletedTask;

    private async Task ReleaseAsync(LoadClient client, WorkKey<Numbers> key, HistoryValue token)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var given = await CallAsync(client, key, new(key.Name, OperationFunction.CompareAndSet, HistoryValue.List(token, 0)));
            if (given.Kind == AnswerKind.Ok || await LooksLikeAsync(client, key, token) == false)
                return;
        }
        _keys.Retire(client.Group, key);
    }

    // Null if no read was answered.
    private async Task<bool?> LooksLikeAsync(LoadClient client, WorkKey<Numbers> key, HistoryValue token)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var read = await CallAsync(client, key, new(key.Name, OperationFunction.Read));
            if (read.Kind == AnswerKind.Ok)
                return read.Result == token;
        }
        return null;
    }

    private async Task<ClientAnswer> CallAsync(LoadClient client, WorkKey<Numbers> key, ClientCall call)
    {
        var answer = await client.CallAsync(this, call);
        _keys.Ended(client.Group, key, answer.Kind);
        return answer;
    }
}

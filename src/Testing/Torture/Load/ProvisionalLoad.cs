namespace RaftStream.Testing;

/// <summary>
/// Counters whose adds are content with what a weak concern promises, and whose clients then ask, through one node after the other, what became of each: one that was
/// applied is counted, one that was lost never is. In the history an add ends when its fate is told.
/// </summary>
/// <param name="concern">The concern, one of <see cref="ITestedSystem.WriteConcerns"/> whose answers tell how to ask.</param>
internal sealed class ProvisionalLoad(string concern) : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "provisional";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly WorkKeys<UniqueAmounts> _keys = new(LoadName, static () => new());
    private readonly OpenOperations _open = new(LoadName);

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
        if (client.Random.Chance(0.3))
        {
            var read = await client.CallAsync(this, new(key.Name, OperationFunction.Read));
            _keys.Ended(client.Group, key, read.Kind);
            return;
        }

        var write = new OpenOperation(new(key.Name, OperationFunction.Add, key.State.Next(client.Random)) { Concern = concern }, client.Begin()) { Node = client.Node };
        var answer = await client.AttemptAsync(this, write.Call);
        if (answer.Pending is { } pending)
        {
            using var patience = new CancellationTokenSource(Patience);
            write = new OpenOperation(write.Call with { Confirm = pending }, write.Invoked) { Node = write.Node };
            answer = await AskAsync(client, write, patience.Token);
        }

        _keys.Ended(client.Group, key, answer.Kind);
        if (answer.Kind == AnswerKind.Unknown && write.Call.Confirm is not null)
            _open.Leave(client, write);
        else
            client.Record(Name, write.Call, write.Invoked, write.Node, answer);
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => _open.SettleAsync(client, write => AskAsync(client, write, end), end);

    private async Task<ClientAnswer> AskAsync(LoadClient client, OpenOperation write, CancellationToken patience)
    {
        while (true)
        {
            write.Node = client.Node;
            var answer = await client.AttemptAsync(this, write.Call);
            if (answer.Kind != AnswerKind.Unknown || patience.IsCancellationRequested)
                return answer;
            await client.MoveAsync(client.AnyNode());
            await Task.Delay(Pause, CancellationToken.None);
        }
    }
}

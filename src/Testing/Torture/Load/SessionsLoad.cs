namespace RaftStream.Testing;

/// <summary>A command of a session that was sent again after its answer was there: both answers must be the same.</summary>
/// <param name="Call">The command.</param>
/// <param name="First">Its answer.</param>
/// <param name="Second">The answer to its repetition.</param>
internal sealed record SessionRepeat(ClientCall Call, ClientAnswer First, ClientAnswer Second);

/// <summary>
/// Counters whose adds are commands of sessions: each is sent again, through one node after the other, until its answer is known, sometimes even after
/// that; and counts once. In the history a command is one operation, from the first attempt to the answer.
/// </summary>
/// <remarks>
/// [safety] Once an attempt is of unknown outcome a later refusal says nothing about the command: it was perhaps applied before. A session with a
/// command in doubt is used for nothing else, since the next command would tell the cluster that the answer is there.
/// </remarks>
internal sealed class SessionsLoad : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "sessions";

    private const int MostRepeats = 20_000;
    private const int CommandsOfSession = 50;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly WorkKeys<UniqueAmounts> _keys = new(LoadName, static () => new());
    private readonly Dictionary<int, (string Name, long Sequence)> _sessions = [];
    private readonly List<SessionRepeat> _repeats = [];
    private readonly OpenOperations _open = new(LoadName);

    /// <inheritdoc/>
    public string Name => LoadName;

    /// <inheritdoc/>
    public LoadObject Object => LoadObject.Counter;

    /// <inheritdoc/>
    public IReadOnlyList<string> Keys => _keys.Names;

    /// <summary>Commands that were sent once more; the first 20,000.</summary>
    public IReadOnlyList<SessionRepeat> Repeats
    {
        get
        {
            lock (_lock)
                return [.. _repeats];
        }
    }

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
        var (session, sequence) = NextCommand(client);
        var command = new OpenOperation(new(key.Name, OperationFunction.Add, key.State.Next(client.Random)) { Session = session, Sequence = sequence }, client.Begin());
        using var patience = new CancellationTokenSource(Patience);
        var answer = await SendAsync(client, command, patience.Token);
        _keys.Ended(client.Group, key, answer.Kind);
        if (answer.Kind == AnswerKind.Unknown)
        {
            Forget(client);
            _open.Leave(client, command);
            return;
        }
        client.Record(Name, command.Call, command.Invoked, command.Node, answer);
        if (answer.Kind == AnswerKind.Failed)
            Forget(client);
        else if (client.Random.Chance(0.2))
            await RepeatAsync(client, command, answer);
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => _open.SettleAsync(client, command => SendAsync(client, command, end), end);

    private async Task<ClientAnswer> SendAsync(LoadClient client, OpenOperation command, CancellationToken patience)
    {
        while (true)
        {
            command.Node = client.Node;
            var answer = await client.AttemptAsync(this, command.Call);
            if (answer.Kind == AnswerKind.Ok)
                return answer;
            command.IsInDoubt |= answer.Kind == AnswerKind.Unknown;
            if (patience.IsCancellationRequested)
                return new(command.IsInDoubt ? AnswerKind.Unknown : AnswerKind.Failed);
            await client.MoveAsync(client.AnyNode());
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private async Task RepeatAsync(LoadClient client, OpenOperation command, ClientAnswer first)
    {
        await client.MoveAsync(client.AnyNode());
        var second = await client.AttemptAsync(this, command.Call);
        if (second.Kind != AnswerKind.Ok)
            return;
        lock (_lock)
        {
            if (_repeats.Count < MostRepeats)
                _repeats.Add(new(command.Call, first, second));
        }
    }

    private (string Name, long Sequence) NextCommand(LoadClient client)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(client.Number, out var session) || session.Sequence == CommandsOfSession)
                session = (client.NewSession(), 0);
            return _sessions[client.Number] = (session.Name, session.Sequence + 1);
        }
    }

    private void Forget(LoadClient client)
    {
        lock (_lock)
            _sessions.Remove(client.Number);
    }
}

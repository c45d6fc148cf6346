using System.Globalization;

namespace RaftStream.Testing;

/// <summary>What the clients of a pool share.</summary>
/// <param name="System">Whom they speak to.</param>
/// <param name="Driver">Where its nodes are.</param>
/// <param name="Clock">The time of the run.</param>
/// <param name="History">Where operations go.</param>
/// <param name="Timeout">How long a client waits for an answer.</param>
internal sealed record LoadShare(ITestedSystem System, IClusterDriver Driver, RunClock Clock, RunHistory History, TimeSpan Timeout)
{
    private static readonly TimeSpan OneLook = TimeSpan.FromSeconds(1);

    private long _processes;

    /// <summary>A number for a client that no client had before.</summary>
    public long NextProcess() => Interlocked.Increment(ref _processes);

    /// <summary>Asks a node where it stands, on a way that nothing cuts; null if it does not say within a second.</summary>
    public async Task<NodeView?> LookAsync(int node)
    {
        using var limit = new CancellationTokenSource(OneLook);
        try
        {
            return await System.LookAsync(Driver.LabAddress(node, System.ClientPorts[0]), limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return null;
        }
    }
}

/// <summary>
/// One client: it has one call at a time, speaks to one node until it changes to another, and goes on under a new process number after a call of
/// unknown outcome, since that call may take effect while it already does the next. Used by one task.
/// </summary>
internal sealed class LoadClient : IAsyncDisposable
{
    /// <summary>So many clients share a key at the most.</summary>
    public const int GroupSize = 10;

    private const double MovesAnyway = 0.01;
    private const double MovesAfterTrouble = 0.4;

    // A client that holds a call longer than it was told to must not hold up the run.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly LoadShare _share;
    private ISystemClient? _connection;
    private IPipelineClient? _redis;
    private long _lastEnd;

    /// <summary>A client of that number, which draws from a source of its own.</summary>
    public LoadClient(LoadShare share, int number, SimRandom random)
    {
        _share = share;
        Number = number;
        Random = random;
        Process = share.NextProcess();
        Node = AnyNode();
    }

    /// <summary>Which one, from 0.</summary>
    public int Number { get; }

    /// <summary>With whom it shares keys.</summary>
    public int Group => Number / GroupSize;

    /// <summary>Where everything it does is drawn from.</summary>
    public SimRandom Random { get; }

    /// <summary>Under which number its operations stand in the history now.</summary>
    public long Process { get; private set; }

    /// <summary>To which node it speaks.</summary>
    public int Node { get; private set; }

    /// <summary>The address of that node.</summary>
    public string Address => AddressOf(Node);

    /// <summary>Which process of that node runs now, or ran last; see <see cref="IClusterDriver.StartsOf"/>.</summary>
    public int Life => _share.Driver.StartsOf(Node);

    /// <summary>The time of the run.</summary>
    public long Now => _share.Clock.Now;

    /// <summary>How many calls it made.</summary>
    public long Calls { get; private set; }

    /// <summary>Makes one call and records it.</summary>
    public async Task<ClientAnswer> CallAsync(ILoad load, ClientCall call)
    {
        var invoked = Begin();
        var (node, life) = (Node, Life);
        var answer = await AttemptAsync(load, call);
        Record(load.Name, call, invoked, node, answer, life == Life ? life : 0);
        await PerhapsMoveAsync(answer.Kind != AnswerKind.Ok && call.Function != OperationFunction.CompareAndSet);
        return answer;
    }

    /// <summary>
    /// Makes calls in one piece over the Redis protocol and records each, with <see cref="RunOperation.Pipeline"/>, under a number of its own: they are under way at once.
    /// </summary>
    public async Task<IReadOnlyList<ClientAnswer>> CallAllAsync(ILoad load, IReadOnlyList<ClientCall> calls)
    {
        var (invoked, node, pipeline) = (Begin(), Node, _share.NextProcess());
        Calls += calls.Count;
        var client = Redis();
        var answers = await AskAsync(client, deadline => client.DoAllAsync(calls, deadline)) ?? [.. calls.Select(static _ => new ClientAnswer(AnswerKind.Unknown))];
        answers = [.. answers.Select((answer, place) => Judge(load, calls[place], answer))];
        for (var place = 0; place < calls.Count; place++)
            Keep(load.Name, calls[place], _share.NextProcess(), invoked, node, answers[place], pipeline: pipeline);
        await PerhapsMoveAsync(answers.Any(static answer => answer.Kind != AnswerKind.Ok));
        return answers;
    }

    /// <summary>Makes one attempt of a call without recording it.</summary>
    public async Task<ClientAnswer> AttemptAsync(ILoad load, ClientCall call)
    {
        Calls++;
        var client = load.SpeaksRedis ? Redis() : _connection ??= _share.System.Connect(Address);
        var answer = await AskAsync(client, async deadline => (ClientAnswer?)await client.DoAsync(call with { Client = Number + 1 }, deadline));
        return Judge(load, call, answer ?? new(AnswerKind.Unknown));
    }

    /// <summary>Notes the beginning of an operation, for <see cref="Record"/>: later than the end of the one before.</summary>
    public long Begin() => Math.Max(_share.Clock.Now, _lastEnd + 1);

    /// <summary>Records an operation that ended now. After one of unknown outcome the client goes on under another number.</summary>
    public void Record(string workload, ClientCall call, long invoked, int node, ClientAnswer answer, int life = 0)
    {
        Keep(workload, call, Process, invoked, node, answer, life);
        if (answer.Kind == AnswerKind.Unknown)
            Process = _share.NextProcess();
    }

    /// <summary>Leaves an operation open and goes on under another number; the one it stands under is for <see cref="Keep"/>.</summary>
    public long Abandon()
    {
        var process = Process;
        Process = _share.NextProcess();
        return process;
    }

    /// <summary>Records an operation under the number it was begun with.</summary>
    public void Keep(string workload, ClientCall call, long process, long invoked, int node, ClientAnswer answer, int life = 0, long pipeline = 0)
    {
        _lastEnd = Math.Max(_share.Clock.Now, invoked + 1);
        _share.History.Add(new(workload, process, node, call, invoked, _lastEnd, answer) { Life = life, Pipeline = pipeline });
    }

    /// <summary>Asks every node where it stands; those that do not say are left out.</summary>
    public async Task<IReadOnlyDictionary<int, NodeView>> LookAtAllAsync()
    {
        var looks = await Task.WhenAll(_share.Driver.Nodes.Select(async node => (Node: node, View: await _share.LookAsync(node))));
        return looks.Where(static look => look.View is not null).ToDictionary(static look => look.Node, static look => look.View!);
    }

    /// <summary>Speaks to another node from now on, perhaps to the same over a new connection.</summary>
    public async Task MoveAsync(int node)
    {
        var (old, redis) = (_connection, _redis);
        (_connection, _redis, Node) = (null, null, node);
        if (old is not null)
            await old.DisposeAsync();
        if (redis is not null)
            await redis.DisposeAsync();
    }

    /// <summary>The address of a node.</summary>
    public string AddressOf(int node) => _share.Driver.ClientAddress(node, _share.System.ClientPorts[0]);

    /// <summary>Any node.</summary>
    public int AnyNode()
    {
        var nodes = _share.Driver.Nodes;
        return nodes[Random.Below(nodes.Count)];
    }

    /// <summary>A name that no session had before.</summary>
    public string NewSession() => string.Create(CultureInfo.InvariantCulture, $"session-{_share.NextProcess()}");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        if (_redis is not null)
            await _redis.DisposeAsync();
    }

    private IPipelineClient Redis()
    {
        var system = (IRedisSystem)_share.System;
        return _redis ??= system.ConnectRedis(_share.Driver.ClientAddress(Node, system.RedisPort));
    }

    // Null for a client that gives no answer though its time is over: its connection is not used again.
    private async Task<T?> AskAsync<T>(ISystemClient client, Func<CancellationToken, Task<T>> ask)
    {
        using var deadline = new CancellationTokenSource(_share.Timeout);
        try
        {
            return await ask(deadline.Token).WaitAsync(_share.Timeout + Grace);
        }
        catch (TimeoutException)
        {
            await DropAsync(client);
            return default;
        }
    }

    private async Task PerhapsMoveAsync(bool isTrouble)
    {
        if (Random.Chance(isTrouble ? MovesAfterTrouble : MovesAnyway))
            await MoveAsync(AnyNode());
    }

    // A read has no effect: one without an answer is of no interest, and is not in doubt. What is not there counts 0.
    private static ClientAnswer Judge(ILoad load, ClientCall call, ClientAnswer answer)
    {
        if (call.Function != OperationFunction.Read)
            return answer;
        if (answer.Kind != AnswerKind.Ok)
            return answer with { Kind = AnswerKind.Failed };
        var value = answer.Result ?? HistoryValue.Null;
        return answer with { Result = load.Object == LoadObject.Counter && value.Kind == HistoryValueKind.Null ? 0 : value };
    }

    private async Task DropAsync(ISystemClient connection)
    {
        (_connection, _redis) = (ReferenceEquals(connection, _connection) ? null : _connection, ReferenceEquals(connection, _redis) ? null : _redis);
        try
        {
            await connection.DisposeAsync().AsTask().WaitAsync(Grace);
        }
        catch (TimeoutException)
        {
            // It hangs there as it hung in its call; whatever it still sends belongs to an operation of unknown outcome.
            return;
        }
    }
}

using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>
/// A system of three nodes over one table in memory: every call takes effect at one instant between call and answer, some answers are lost, some calls
/// refused. One thing may be wrong with it, with the keys of one workload only.
/// </summary>
/// <param name="bug">What is wrong.</param>
/// <param name="workload">With whose keys.</param>
internal sealed class FakeSystem(Planted bug = Planted.Nothing, string workload = "") : ITestedSystem, IStreamSystem, IWatchSystem, IRedisSystem, IJobSystem
{
    private const long OldestMs = 1;

    private readonly Lock _lock = new();
    private readonly SimRandom _random = new(7);
    private readonly Dictionary<string, HistoryValue> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HistoryValue> _before = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Session, long Sequence), ClientAnswer> _answers = [];
    private readonly Dictionary<string, bool> _fates = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Queue<ClientCall>> _outboxes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _accepted = new(StringComparer.Ordinal);
    private readonly List<(long Index, string Key, long Value)> _changes = [];
    private FakeJobs? _jobs;
    private long _index;
    private long _offset;
    private long _words;

    public string Name => "fake";

    public IReadOnlyList<string> PeerPorts => [];

    public IReadOnlyList<string> ClientPorts { get; } = ["client", "redis"];

    public string RedisPort => "redis";

    public IReadOnlySet<OperationFunction> Functions { get; init; } =
        new HashSet<OperationFunction> { OperationFunction.Read, OperationFunction.Write, OperationFunction.CompareAndSet, OperationFunction.Add };

    public bool HasSessions => true;

    public IReadOnlyList<string> ReadLevels { get; } = [$"bounded:{OldestMs}", "eventual", "lease"];

    public IReadOnlyList<string> WriteConcerns { get; } = ["leader", "available"];

    /// <summary>The share of answers that are lost.</summary>
    public double Lost { get; init; } = 0.01;

    /// <summary>How many calls are to hang without heeding their deadline; counts down.</summary>
    public int Hanging { get; set; }

    /// <summary>Whether no node takes calls any more.</summary>
    public bool IsDown { get; set; }

    /// <summary>The node that takes no calls any more, though it tells where it stands.</summary>
    public string DownNode { get; set; } = "";

    /// <summary>Whether no source is counted any more.</summary>
    public bool CountsNothing { get; set; }

    /// <summary>Where the sinks of its stream jobs write.</summary>
    public IDisk SinkFiles { get; init; } = new SimDisk(new(1));

    private FakeJobs Jobs => _jobs ??= new(SinkFiles);

    public NodeProgram ProgramOf(NodeSite site) => throw new NotSupportedException("There is no program.");

    public ISystemClient Connect(string address) => new Client(this, address);

    public IPipelineClient ConnectRedis(string address) => new Client(this, address);

    public Task<NodeView?> LookAsync(string address, CancellationToken cancellationToken)
    {
        var isBehind = bug == Planted.LeftBehind && address == "node-2";
        lock (_lock)
        {
            Drain(address);
            return Task.FromResult<NodeView?>(IsDown ? null : new(address == "node-1", 1, _index, _index, isBehind ? "b" : "a") { Voters = [1, 2, 3], AcceptedWaiting = _outboxes.GetValueOrDefault(address)?.Count ?? 0 });
        }
    }

    public async Task<StreamAnswer> IngestAsync(string address, string job, Stream source, CancellationToken deadline)
    {
        await Task.Yield();
        using var text = new MemoryStream();
        await source.CopyToAsync(text, CancellationToken.None);
        lock (_lock)
        {
            if (IsDown || CountsNothing || _random.Chance(0.1) || text.Length < _offset)
                return new(AnswerKind.Unknown);
            var words = System.Text.Encoding.UTF8.GetString(text.ToArray(), (int)_offset, (int)(text.Length - _offset)).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            foreach (var word in words)
                Add(word, 1 + (Strikes(Planted.RecordTwice, job, 0.05) ? 1 : Strikes(Planted.RecordLost, job, 0.05) ? -1 : 0));
            _offset = text.Length;
            _words += words.Length;
            return new(AnswerKind.Ok, _offset, _words, ++_index);
        }
    }

    public async Task<StreamAnswer> PositionAsync(string address, string job, CancellationToken deadline)
    {
        await Task.Yield();
        lock (_lock)
            return IsDown ? new(AnswerKind.Unknown) : new(AnswerKind.Ok, _offset, _words, _index);
    }

    /// <summary>Tells what is there and hangs up at some point, as a node that is killed now and then.</summary>
    public async IAsyncEnumerable<WatchTold> WatchAsync(string address, string prefix, string? from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken end)
    {
        await Task.Yield();
        foreach (var told in Tell(from))
            yield return told;
    }

    public async Task<JobTaken> TakeAsync(string address, JobLines batch, CancellationToken deadline)
    {
        await Task.Yield();
        lock (_lock)
        {
            // Some come and are not answered, some do not come.
            if (IsDown || _random.Chance(0.05))
                return new(AnswerKind.Unknown);
            var taken = Jobs.Take(batch);
            return _random.Chance(0.05) ? new(AnswerKind.Unknown) : taken;
        }
    }

    public async Task<JobRowsTold> RowsAsync(string address, string job, string table, string? level, CancellationToken deadline)
    {
        await Task.Yield();
        lock (_lock)
            return IsDown ? new(AnswerKind.Failed, []) : Jobs.Rows(job, table);
    }

    public async Task<JobStands?> StandsAsync(string address, string job, CancellationToken deadline)
    {
        await Task.Yield();
        lock (_lock)
            return IsDown ? null : Jobs.Stands(job);
    }

    public async IAsyncEnumerable<JobOutput> SubscribeAsync(string address, string job, string sink, long from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken end)
    {
        await Task.Yield();
        IReadOnlyList<JobOutput> outputs;
        lock (_lock)
            outputs = IsDown ? [] : Jobs.Outputs(job, sink, from);
        foreach (var output in outputs)
            yield return output;
    }

    private List<WatchTold> Tell(string? from)
    {
        var told = new List<WatchTold>();
        lock (_lock)
        {
            if (IsDown)
                return told;
            var place = from is null ? 0 : long.Parse(from, System.Globalization.CultureInfo.InvariantCulture);
            if (from is null || _random.Chance(0.1))
            {
                told.Add(new(WatchToldKind.Reset));
                var rows = _changes.GroupBy(static change => change.Key, StringComparer.Ordinal).ToList();
                foreach (var row in rows.Skip(Strikes(Planted.WatchLacksRow, WatchLoad.Prefix, 0.5) ? 1 : 0))
                    told.Add(new(WatchToldKind.Row, _index, row.Key, row.Last().Value));
                told.Add(Progress(_index));
                return told;
            }

            var next = _changes.Where(change => change.Index > place).ToList();
            if (Strikes(Planted.WatchRepeats, WatchLoad.Prefix, 0.3) && _changes.Count > next.Count)
                next.Insert(0, _changes[^(next.Count + 1)]);
            foreach (var (index, key, value) in next.Skip(Strikes(Planted.WatchSkips, WatchLoad.Prefix, 0.3) ? 1 : 0).Take(_random.Below(200)))
                told.Add(new(WatchToldKind.Change, index, key, value + (Strikes(Planted.WatchLies, WatchLoad.Prefix, 0.05) ? 1 : 0), Id(index), index));
            if (told.Count == next.Count)
                told.Add(Progress(_index));
            return told;
        }

        static string Id(long index) => index.ToString(System.Globalization.CultureInfo.InvariantCulture);

        static WatchTold Progress(long index) => new(WatchToldKind.Progress, index, Id: Id(index), Resume: index);
    }

    private ClientAnswer Do(ClientCall call, string address)
    {
        if (_random.Chance(0.05))
            Drain($"node-{1 + _random.Below(3)}");
        if (IsDown || address == DownNode || _random.Chance(0.02))
            return new(call.Confirm is null ? AnswerKind.Failed : AnswerKind.Unknown);
        if (call.Concern == "available")
            return Tell(Accept(call, address));
        if (call.Level == "tentative")
            return Tell(ReadHere(call, address));
        if (call.Concern is not null)
            return Tell(call.Confirm is { } pending ? Fate(call, pending) : Place(call));
        var command = (call.Session ?? "", call.Sequence);
        if (call.Session is not null && !(bug == Planted.RepeatedCommand && Is(call.Key)) && _answers.TryGetValue(command, out var known))
            return Tell(known);
        if (call.Function == OperationFunction.Read)
            return Tell(Read(call, address));
        var answer = Strikes(Planted.LostWrite, call.Key, 0.03) ? new(AnswerKind.Ok) : Change(call);
        if (call.Session is not null)
            _answers[command] = answer;
        return Strikes(Planted.DoneAndRefused, call.Key, 0.05) ? new(AnswerKind.Failed) : Tell(answer);
    }

    private ClientAnswer Accept(ClientCall call, string address)
    {
        var outbox = _outboxes.TryGetValue(address, out var known) ? known : _outboxes[address] = new();
        outbox.Enqueue(call);
        return new(AnswerKind.Ok) { Accepted = new(address[^1] - '0', 1, _accepted[address] = _accepted.GetValueOrDefault(address) + 1) };
    }

    private ClientAnswer ReadHere(ClientCall call, string address)
    {
        var outbox = _outboxes.GetValueOrDefault(address) ?? new();
        var waiting = outbox.Where(waits => waits.Key == call.Key).Sum(static waits => waits.Argument.Number);
        var times = bug == Planted.TentativeTwice ? 2 : bug == Planted.TentativeForgets ? 0 : 1;
        return new(AnswerKind.Ok, _values.GetValueOrDefault(call.Key).Number + (times * waiting)) { Index = _index, IsTentative = outbox.Count > 0 };
    }

    private void Drain(string address)
    {
        while (_outboxes.GetValueOrDefault(address)?.TryDequeue(out var call) == true)
        {
            if (Strikes(Planted.AcceptedLost, call.Key, 0.05))
                continue;
            Change(call);
            if (Strikes(Planted.AcceptedTwice, call.Key, 0.05))
                Change(call);
        }
    }

    // Done at once or never, and nobody is told which.
    private ClientAnswer Place(ClientCall call)
    {
        var (place, isDone) = ($"place {_fates.Count}", _random.Chance(0.7));
        if (isDone)
            Change(call);
        _fates.Add(place, isDone);
        return new(AnswerKind.Unknown) { Pending = place };
    }

    private ClientAnswer Fate(ClientCall call, string pending)
    {
        if (_random.Chance(0.2))
            return new(AnswerKind.Unknown);
        var isDone = _fates[pending];
        return new((isDone ? !Strikes(Planted.DoneAndLost, call.Key, 0.1) : Strikes(Planted.LostAndConfirmed, call.Key, 0.1)) ? AnswerKind.Ok : AnswerKind.Failed);
    }

    private ClientAnswer Read(ClientCall call, string address)
    {
        if (call.Level is not null and not "lease" && Strikes(Planted.TooOld, call.Key, 0.5))
            return new(AnswerKind.Ok) { Index = 1 };
        var isOld = Strikes(Planted.StaleRead, call.Key, 0.05)
            || (bug == Planted.LeftBehind && Is(call.Key) && address == "node-2");
        var value = (isOld ? _before : _values).GetValueOrDefault(call.Key);
        return new(AnswerKind.Ok, value) { Index = _index };
    }

    private ClientAnswer Change(ClientCall call)
    {
        var old = _values.GetValueOrDefault(call.Key);
        switch (call.Function)
        {
            case OperationFunction.Add:
                Add(call.Key, call.Argument.Number * (Strikes(Planted.DoubledAdd, call.Key, 0.03) ? 2 : 1));
                _index++;
                if (call.Key.StartsWith(WatchLoad.Prefix, StringComparison.Ordinal))
                    _changes.Add((_index, call.Key, _values[call.Key].Number));
                return new(AnswerKind.Ok, _values[call.Key]) { Index = _index };
            case OperationFunction.CompareAndSet when call.Argument.Members[0] != old && !Strikes(Planted.BlindCompare, call.Key, 0.6):
                return new(AnswerKind.Failed);
            default:
                Set(call.Key, call.Function == OperationFunction.Write ? call.Argument : call.Argument.Members[1]);
                return new(AnswerKind.Ok) { Index = ++_index };
        }
    }

    private void Add(string key, long amount) => Set(key, _values.GetValueOrDefault(key).Number + amount);

    private void Set(string key, HistoryValue value)
    {
        _before[key] = _values.GetValueOrDefault(key);
        _values[key] = value;
    }

    private ClientAnswer Tell(ClientAnswer answer) => _random.Chance(Lost) ? new(AnswerKind.Unknown) : answer;

    private bool Is(string key) => key.StartsWith(workload + "/", StringComparison.Ordinal);

    private bool Strikes(Planted what, string key, double chance) => bug == what && Is(key) && _random.Chance(chance);

    private sealed class Client(FakeSystem system, string address) : IPipelineClient
    {
        public async Task<ClientAnswer> DoAsync(ClientCall call, CancellationToken deadline)
        {
            await Task.Yield();
            lock (system._lock)
            {
                if (system.Hanging > 0)
                    system.Hanging--;
                else
                    return system.Do(call, address);
            }
            await new TaskCompletionSource().Task;
            return default;
        }

        public async Task<IReadOnlyList<ClientAnswer>> DoAllAsync(IReadOnlyList<ClientCall> calls, CancellationToken deadline)
        {
            var answers = new ClientAnswer[calls.Count];
            var isReversed = false;
            lock (system._lock)
                isReversed = system.Strikes(Planted.PipelineReversed, calls[0].Key, 0.2);
            for (var turn = 0; turn < calls.Count; turn++)
            {
                var place = isReversed ? calls.Count - 1 - turn : turn;
                answers[place] = await DoAsync(calls[place], deadline);
            }

            return answers;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

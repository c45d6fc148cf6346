namespace RaftStream.Testing;

/// <summary>
/// A stream job under load: producers hand records in at any node, the same ones again where the outcome is not known and now and then where it is, at two nodes at once; others read how many there are, at every level, and subscribe
/// to what comes of them. In the history a batch is an append of the last sequence in it, from the first time it was sent until it was known to be taken; a read tells how many records count.
/// </summary>
internal sealed class JobLoad : ILoad
{
    private const double Posts = 0.5;
    private const double Listens = 0.15;
    private const double SendsTwice = 0.1;
    private const double SendsAgain = 0.15;
    private const int Listeners = 3;
    private const int LeastMs = 200;
    private const int MostMs = 1_500;

    /// <summary>The level under which a stretch of a subscription stands in the history.</summary>
    private const string SubscriptionLevel = "subscription";

    // What the records behind all others are ahead of them, in milliseconds: longer than any window, lateness or timer lasts.
    private const long Ahead = 20_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LogTimersTake = TimeSpan.FromSeconds(10);

    private readonly TortureJob _job;
    private readonly IJobSystem _system;
    private readonly string?[] _levels;
    private readonly TimeSpan _timeout;
    private readonly long _pace;
    private readonly Lock _lock = new();
    private readonly JobProducer[] _producers;
    private readonly List<JobProducer> _free;
    private readonly Queue<JobListener> _listeners;
    private readonly JobListener[] _allListeners;
    private long _records;
    private long _nextBegin;

    /// <summary>A load of that job; nothing is sent yet.</summary>
    public JobLoad(TortureJob job, ITestedSystem system, LoadOptions options)
    {
        (_job, _system, _timeout, _pace) = (job, (IJobSystem)system, options.CallTimeout, options.JobPace.Ticks * TimeSpan.NanosecondsPerTick);
        _levels = [null, null, .. system.ReadLevels.Where(static level => level != RunHistories.Session)];
        _producers = [.. job.AllProducers.Select(one => new JobProducer(job, one.Source, one.Producer))];
        _free = [.. _producers];
        _allListeners = [.. Enumerable.Range(0, Math.Max(Listeners, job.Subscriptions.Count)).Select(place => new JobListener(job.Subscriptions[place % job.Subscriptions.Count]))];
        _listeners = new(_allListeners);
    }

    /// <inheritdoc/>
    public string Name => _job.Name;

    /// <inheritdoc/>
    public LoadObject Object => LoadObject.Counter;

    /// <summary>None: what is read at the end is in <see cref="Account"/>.</summary>
    public IReadOnlyList<string> Keys => [];

    /// <summary>What became of it; null before <see cref="SettleAsync"/>.</summary>
    public JobAccount? Account { get; private set; }

    /// <inheritdoc/>
    public async Task StepAsync(LoadClient client)
    {
        if (client.Random.Chance(Posts) && TryTake(client) is { } producer)
        {
            try
            {
                await PostAsync(client, producer);
            }
            finally
            {
                lock (_lock)
                    _free.Add(producer);
            }
        }
        else if (client.Random.Chance(Listens) && TryTakeListener() is { } listener)
        {
            await ListenAsync(client, listener);
        }
        else
        {
            await CountAsync(client);
        }
    }

    /// <inheritdoc/>
    public async Task SettleAsync(LoadClient client, CancellationToken end)
    {
        foreach (var producer in _producers)
            await FinishAsync(client, producer, end);

        // Behind this nothing is open: each producer's last record brings the watermark past all others.
        var last = TimeOf(client) + Ahead;
        foreach (var producer in _producers.Where(static producer => producer.Open is null))
        {
            producer.End(client.Begin(), last);
            await FinishAsync(client, producer, end);
        }

        var (stands, hasWaited) = await UntilQuietAsync(client, end);
        var ending = new JobEnding(_job, _system, client, _timeout);
        var lists = stands is null ? [] : await ending.ListAsync(stands, end);
        Account = new()
        {
            Job = _job,
            Batches = [.. _producers.SelectMany(static producer => producer.Batches)],
            Subscribers = [.. _allListeners.Select(static listener => listener.Account)],
            Stands = stands,
            Lists = lists,
            Tables = await ending.TablesAsync(end),
            HasWaited = hasWaited,
        };
    }

    private static long TimeOf(LoadClient client) => TortureJob.Epoch + (client.Now / 1_000_000);

    private JobProducer? TryTake(LoadClient client)
    {
        lock (_lock)
        {
            if (_free.Count == 0)
                return null;
            var producer = _free[client.Random.Below(_free.Count)];
            if (producer.Open is null)
            {
                if (client.Now < _nextBegin || _records >= _job.MostRecords)
                    return null;
                _nextBegin = client.Now + _pace;
                producer.Begin(client.Random, client.Begin(), TimeOf(client));
                _records += producer.Newest.Records.Count;
            }

            _free.Remove(producer);
            return producer;
        }
    }

    private JobListener? TryTakeListener()
    {
        lock (_lock)
            return _listeners.TryDequeue(out var listener) ? listener : null;
    }

    private async Task<bool> PostAsync(LoadClient client, JobProducer producer)
    {
        var (operation, batch, node) = (producer.Open!, producer.Newest, client.Node);
        JobTaken[] answers = client.Random.Chance(SendsTwice)
            ? await Task.WhenAll(SendAsync(producer, client.Address), SendAsync(producer, client.AddressOf(client.AnyNode())))
            : [await SendAsync(producer, client.Address)];
        batch.New += answers.Sum(static answer => answer.New);
        var isTaken = answers.Any(static answer => answer.Kind == AnswerKind.Ok);
        if (isTaken)
        {
            Record(client, operation, node, new(AnswerKind.Ok) { Index = answers.Max(static answer => answer.Index) });
            if (client.Random.Chance(SendsAgain))
                batch.New += (await SendAsync(producer, client.AddressOf(client.AnyNode()))).New;
            producer.Done(client.Now);
            return true;
        }

        if (operation.Process == 0)
            operation.Process = client.Abandon();
        operation.Node = node;
        await client.MoveAsync(client.AnyNode());
        return false;
    }

    private void Record(LoadClient client, OpenOperation operation, int node, ClientAnswer answer)
    {
        if (operation.Process == 0)
            client.Record(Name, operation.Call, operation.Invoked, node, answer);
        else
            client.Keep(Name, operation.Call, operation.Process, operation.Invoked, node, answer);
    }

    private async Task<JobTaken> SendAsync(JobProducer producer, string address)
    {
        using var deadline = new CancellationTokenSource(_timeout);
        return await _system.TakeAsync(address, producer.Lines, deadline.Token);
    }

    private async Task CountAsync(LoadClient client)
    {
        var call = new ClientCall($"{Name}/all", OperationFunction.Read) { Level = _levels[client.Random.Below(_levels.Length)] };
        var (invoked, node) = (client.Begin(), client.Node);
        using var deadline = new CancellationTokenSource(_timeout);
        var told = await _system.RowsAsync(client.Address, Name, JobSpec.NameOf(_job.Counted), call.Level, deadline.Token);
        client.Record(Name, call, invoked, node, told.Kind == AnswerKind.Ok ? new(AnswerKind.Ok, JobEnding.Sum(told.Rows)) { Index = told.Index, AgeMs = told.AgeMs } : new(AnswerKind.Failed));
        if (told.Kind != AnswerKind.Ok || client.Random.Chance(0.05))
            await client.MoveAsync(client.AnyNode());
    }

    private async Task ListenAsync(LoadClient client, JobListener listener)
    {
        var call = new ClientCall($"{Name}/{listener.Sink}", OperationFunction.Read) { Level = SubscriptionLevel };
        var (invoked, node) = (client.Begin(), client.Node);
        using var end = new CancellationTokenSource(client.Random.Between(LeastMs, MostMs));
        var heard = await listener.ListenAsync(_system, Name, node, client.Address, long.MaxValue, end.Token);
        client.Record(Name, call, invoked, node, heard > 0 ? new(AnswerKind.Ok, listener.Next - 1) : new(AnswerKind.Failed));
        lock (_lock)
            _listeners.Enqueue(listener);
        await client.MoveAsync(client.AnyNode());
    }

    private async Task FinishAsync(LoadClient client, JobProducer producer, CancellationToken end)
    {
        while (producer.Open is { } operation)
        {
            if (end.IsCancellationRequested)
            {
                Record(client, operation, operation.Node, new(AnswerKind.Unknown));
                return;
            }

            if (!await PostAsync(client, producer))
                await Task.Delay(Pause, CancellationToken.None);
        }
    }

    /// <summary>Waits until the timers of log time have fired, as far as there are any, for as long as they can take on a busy machine; then says where the job stands.</summary>
    private async Task<(JobStands? Stands, bool HasWaited)> UntilQuietAsync(LoadClient client, CancellationToken end)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(end);
        var expected = _job.Subscriptions.Contains(TimersJob.LogTimers, StringComparer.Ordinal) ? _producers.Sum(static producer => producer.Batches.Sum(static batch => batch.Records.Count)) * 2 : 0;
        if (expected > 0)
            patience.CancelAfter(LogTimersTake);
        JobStands? stands = null;
        while (stands is null || (stands.Next.GetValueOrDefault(TimersJob.LogTimers, 1) - 1 < expected && !patience.IsCancellationRequested))
        {
            if (stands is null && end.IsCancellationRequested)
                return (null, false);
            await Task.Delay(Pause, CancellationToken.None);
            using var deadline = new CancellationTokenSource(_timeout);
            if (await _system.StandsAsync(client.Address, Name, deadline.Token) is { } told)
                stands = told;
            else
                await client.MoveAsync(client.AnyNode());
        }

        return (stands, !end.IsCancellationRequested);
    }
}

using System.Buffers;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Runs the jobs of this program at one node: reads the partitions whose lease the log gives to it, and while it leads, makes partitions known, deals out leases, sees to timers of log time and hands on what sinks send out. Ordinary async code
/// outside the agents; whatever it does goes through commands, so that a second one like it at another node does no harm.
/// </summary>
internal sealed class JobRunner : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    private readonly RaftNode _node;
    private readonly IReadOnlyList<Job> _jobs;
    private readonly Propose _propose;
    private readonly JobHost _self;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Meter _meter = new(JobFigures.MeterName);
    private readonly Dictionary<(string Job, int Source, string Partition), PartitionTask> _tasks = [];
    private readonly JobLeading _leading;
    private readonly Dictionary<string, JobFigures> _figures;
    private readonly MoveWatch _moves = new();
    private readonly SinkDeliveries _deliveries;
    private readonly HttpClient _http = WebhookOutlet.CreateClient();
    private bool _hasCaughtUp;

    /// <param name="node">The replica, started with a <see cref="StreamMachine"/> of the same jobs.</param>
    /// <param name="jobs">The jobs.</param>
    /// <param name="propose">Gets a command to the leader, whichever node that is.</param>
    /// <param name="self">What this node can carry.</param>
    /// <param name="console">Where this node prints.</param>
    /// <param name="time">The clock that waiting goes by.</param>
    /// <param name="logger">Where it tells what cannot go on.</param>
    public JobRunner(RaftNode node, IReadOnlyList<Job> jobs, Propose propose, JobHost self, TextWriter console, TimeProvider time, ILogger logger)
    {
        (_node, _jobs, _propose, _self, _time, _logger) = (node, jobs, propose, self, time, logger);
        _leading = new(node, propose, time, logger);
        _figures = jobs.ToDictionary(static job => job.Name, job => new JobFigures(_meter, job.Name, time, (position, token) => AppliedAsync(job, position, token)), StringComparer.Ordinal);
        _deliveries = new(node, propose, new(_http, console, time), FiguresOf, logger);
    }

    /// <summary>What is measured of a job at this node.</summary>
    public JobFigures FiguresOf(Job job) => _figures[job.Name];

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Beat, _time);
        var acting = Task.CompletedTask;
        try
        {
            do
            {
                var statuses = await ReadStatusesAsync(cancellationToken).ConfigureAwait(false);
                Look(statuses);

                // What is proposed may wait for an election: looking goes on meanwhile.
                if (!acting.IsCompleted)
                    continue;
                await acting.ConfigureAwait(false);
                acting = ActAsync(statuses, cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The node stops: so does reading.
        }

        try
        {
            await acting.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The same.
        }

        foreach (var task in _tasks.Values)
            await task.DisposeAsync().ConfigureAwait(false);
        _tasks.Clear();
        await _deliveries.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _meter.Dispose();
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<List<(Job Job, JobStatus? Status)>> ReadStatusesAsync(CancellationToken cancellationToken)
    {
        var statuses = new List<(Job Job, JobStatus? Status)>();
        var query = new ArrayBufferWriter<byte>();
        foreach (var job in _jobs)
        {
            query.ResetWrittenCount();
            JobQuery.WriteStatus(query, job.Name);
            var answer = await _node.ReadLocalAsync(query.WrittenSpan.ToArray(), cancellationToken).ConfigureAwait(false);
            if (answer.Outcome == Outcome.Applied)
                statuses.Add((job, JobStatus.Read(answer.Reply.Span)));
        }

        return statuses;
    }

    private void Look(List<(Job Job, JobStatus? Status)> statuses)
    {
        // A node that has started takes in what its log holds, and what it missed: that is not the job's pace.
        var node = _node.Status;
        _hasCaughtUp |= node.Leader != NodeId.None && node.Applied >= node.Commit && node.Applied > LogIndex.Zero;
        if (!_hasCaughtUp)
            return;
        foreach (var (job, status) in statuses)
        {
            if (status is null)
                continue;
            var figures = _figures[job.Name];
            figures.Look(status);
            if (_moves.See(job, status, node.Leader) is { } what)
                figures.Moved(what);
        }
    }

    private async Task ActAsync(List<(Job Job, JobStatus? Status)> statuses, CancellationToken cancellationToken)
    {
        if (_node.Status.IsReady)
            await _leading.LeadAsync(statuses, cancellationToken).ConfigureAwait(false);
        foreach (var (job, status) in statuses)
        {
            if (status is not null && !status.Hosts.Contains(_self))
                await ProposeAsync(output => JobCommand.WriteHost(output, job, _self), cancellationToken).ConfigureAwait(false);
        }

        await _deliveries.FollowAsync(statuses).ConfigureAwait(false);
        await FollowLeasesAsync(statuses).ConfigureAwait(false);
    }

    /// <summary>Waits until this node has applied the log up to a position.</summary>
    private async Task<bool> AppliedAsync(Job job, LogPosition position, CancellationToken cancellationToken)
    {
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteStatus(query, job.Name);
        return (await _node.ReadAsync(query.WrittenMemory, ReadConsistency.Session(new(position.Index.Value)), cancellationToken).ConfigureAwait(false)).Outcome == Outcome.Applied;
    }

    /// <summary>Begins to read what this node has the lease of, and stops reading the rest.</summary>
    private async Task FollowLeasesAsync(List<(Job Job, JobStatus? Status)> statuses)
    {
        var mine = new Dictionary<(string Job, int Source, string Partition), (Job Job, JobPartition At)>();
        foreach (var (job, status) in statuses)
        {
            foreach (var (source, partition, at) in status?.Partitions ?? [])
            {
                var number = job.Sources.First(node => string.Equals(node.Name, source, StringComparison.Ordinal)).Number;
                if (at.Holder == _self.Node && job.Sources[number].IsRead)
                    mine.Add((job.Name, number, partition), (job, at));
            }
        }

        foreach (var (key, task) in _tasks.ToList())
        {
            if (mine.TryGetValue(key, out var still) && still.At.Epoch == task.Epoch)
                continue;
            await task.DisposeAsync().ConfigureAwait(false);
            _tasks.Remove(key);
        }

        foreach (var (key, (job, at)) in mine)
        {
            if (!_tasks.ContainsKey(key))
                _tasks.Add(key, new(_node, job, key.Source, key.Partition, at.Epoch, _propose, _figures[job.Name], _time, _logger));
        }
    }

    private async Task ProposeAsync(Action<IBufferWriter<byte>> write, CancellationToken cancellationToken)
    {
        var command = new ArrayBufferWriter<byte>();
        write(command);
        await _propose(command.WrittenMemory, cancellationToken).ConfigureAwait(false);
    }
}

using System.Diagnostics;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;

namespace RaftStream.Node.Demo;

/// <summary>What the demo was asked for.</summary>
/// <param name="Input">The text.</param>
/// <param name="Nodes">3 or 5.</param>
/// <param name="Repeat">How often the text is streamed, one after the other, as one source.</param>
/// <param name="Keep">The folder whose data is kept, or null: a temporary one.</param>
/// <param name="InProcess">Nodes as objects of this process.</param>
/// <param name="Fault">Whether the leader is killed.</param>
/// <param name="Json">One JSON object on standard output and nothing else.</param>
internal sealed record DemoPlan(string Input, int Nodes, int Repeat, string? Keep, bool InProcess, bool Fault, bool Json);

/// <summary>
/// The demo from start to end. The client here is an ordinary one: it posts the text to the leader, and when the leader dies it looks
/// for the next and posts the same text again from its start. That nothing counts twice is the cluster's doing.
/// </summary>
internal sealed class DemoRun
{
    /// <summary>The job under which the demo counts.</summary>
    public const string Job = "demo";

    private const int TopInReport = 100;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DemoPlan _plan;
    private readonly DemoView _view;
    private readonly DemoSource _source;
    private readonly ProgressMeter _meter = new();
    private readonly IDemoCluster _cluster;
    private readonly DemoFault _fault;
    private long _start;

    private DemoRun(DemoPlan plan, DemoView view, DemoSource source, IDemoCluster cluster, CancellationToken cancellationToken)
    {
        _plan = plan;
        _view = view;
        _source = source;
        _cluster = cluster;
        _fault = new DemoFault(cluster, source, _meter, view, cancellationToken);
    }

    /// <summary>Runs the demo; returns the exit code. Leaves no process behind, and no file unless asked to.</summary>
    public static async Task<int> RunAsync(DemoPlan plan, CancellationToken cancellationToken)
    {
        var view = DemoView.Create(plan.Json);
        var source = new DemoSource(plan.Input, plan.Repeat);
        ReferenceCount reference;
        await using (var plain = source.OpenPlain())
            reference = ReferenceCount.Of(plain, cancellationToken);

        var folder = plan.Keep ?? Path.Combine(Path.GetTempPath(), "raftstream-demo-" + Guid.NewGuid().ToString("N"));
        try
        {
            var cluster = await StartAsync(plan, folder, cancellationToken);
            await using (cluster)
            {
                view.Line($"{plan.Nodes} nodes run{(plan.InProcess ? " in this process" : " as processes of their own")}, data in {folder}");
                var report = await new DemoRun(plan, view, source, cluster, cancellationToken).RunAsync(reference, cancellationToken);
                view.Show(report);
                return report.Ok ? ExitCodes.Fine : ExitCodes.Violation;
            }
        }
        finally
        {
            // After the cluster: its nodes have ended and write no more.
            if (plan.Keep is null && Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<IDemoCluster> StartAsync(DemoPlan plan, string folder, CancellationToken cancellationToken)
    {
        if (plan.InProcess)
            return await InProcessDemoCluster.StartAsync(plan.Nodes, folder, cancellationToken);
        var options = new LocalClusterOptions(plan.Nodes, folder, BasePort: null, Temporary: plan.Keep is null, OnError: null);
        return new ProcessDemoCluster(await LocalCluster.StartAsync(options, cancellationToken));
    }

    private async Task<DemoReport> RunAsync(ReferenceCount reference, CancellationToken cancellationToken)
    {
        IngestJson? done = null;
        await _view.DuringAsync(async () =>
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (!_plan.Fault)
                _source.Release();
            _start = Stopwatch.GetTimestamp();
            var feed = FeedAsync(end.Token);
            try
            {
                await WatchAsync(feed, end.Token);
                done = await feed;
            }
            finally
            {
                // However this ends, nobody goes on reading the text behind our back.
                await end.CancelAsync();
                await feed.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
            var total = Now;
            _meter.Observe(new ProgressSample(total, done.Offset, done.Words));
            _view.Progress(1, done.Words);
            if (_fault.Killed)
                await _fault.RestartAsync();
        });
        return await ReportAsync(reference, done!, cancellationToken);
    }

    private TimeSpan Now => Stopwatch.GetElapsedTime(_start);

    private async Task<IngestJson> FeedAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var leader = await FindLeaderAsync(cancellationToken);
            await using var pass = _source.OpenPass();
            if (await _cluster.IngestAsync(leader.Id, pass, cancellationToken) is { } done)
                return done;
            await Task.Delay(Poll, cancellationToken);
        }
    }

    // Follows the committed offset with linearizable reads, and does to the cluster what is due at each.
    private async Task WatchAsync(Task feed, CancellationToken cancellationToken)
    {
        while (!feed.IsCompleted)
        {
            var leader = await FindLeaderAsync(cancellationToken);
            _fault.Found(leader);
            while (!feed.IsCompleted && await _cluster.ProgressAsync(leader.Id, cancellationToken) is { } job)
            {
                _source.Committed = job.Offset;
                _meter.Observe(new ProgressSample(Now, job.Offset, job.Words));
                _view.Progress(_source.Length == 0 ? 0 : (double)job.Offset / _source.Length, job.Words);
                if (_plan.Fault && await _fault.KillIfDueAsync(leader.Id, Now))
                    break;
                if (Now - (_meter.Last?.At ?? TimeSpan.Zero) > Patience)
                    throw new UndecidedException($"Nothing new was committed for {Patience.TotalSeconds:0} s.");
                await Task.Delay(Poll, cancellationToken);
            }
        }
    }

    private Task<StatusJson> FindLeaderAsync(CancellationToken cancellationToken) => ReadyLeader.FindAsync(_cluster.StatusesAsync, Patience, cancellationToken);

    private async Task<DemoReport> ReportAsync(ReferenceCount reference, IngestJson done, CancellationToken cancellationToken)
    {
        var elapsed = _meter.Last?.At ?? TimeSpan.Zero;
        var check = new DemoCheck(_cluster);
        var leader = await FindLeaderAsync(cancellationToken);
        var equal = await check.EqualsAsync(reference, leader.Id, cancellationToken) && done.DeadLetters == reference.DeadLetters && done.Offset == _source.Length;
        var agree = await check.ReplicasAgreeAsync(cancellationToken);
        double? ratio = _fault.Killed && _meter.RateBefore > 0 ? _meter.RateAfter / _meter.RateBefore : null;
        return new DemoReport
        {
            Ok = equal && agree && _fault.Killed == _plan.Fault,
            Nodes = _plan.Nodes,
            InProcess = _plan.InProcess,
            Bytes = _source.Length,
            Total = check.Top.Total,
            Distinct = check.Top.Distinct,
            DeadLetters = done.DeadLetters,
            Top = [.. check.Top.Top.Take(TopInReport)],
            EqualsReference = equal,
            WordsCompared = check.Compared,
            ReplicasAgree = agree,
            StateHash = check.StateHash,
            LeaderKilled = _fault.Killed,
            KilledAtOffset = _fault.Killed ? _meter.LastBeforeKill?.Offset ?? 0 : null,
            ElectionMs = Milliseconds(_fault.Election),
            GapMs = Milliseconds(_meter.LongestGap) ?? 0,
            RestartMs = Milliseconds(_fault.Restart),
            RecordsPerSecond = elapsed > TimeSpan.Zero ? Math.Round(done.Words / elapsed.TotalSeconds, 1) : 0,
            PacedBytesPerSecond = _source.PaceBytesPerSecond,
            RecordsPerSecondBefore = _fault.Killed ? Rounded(_meter.RateBefore) : null,
            RecordsPerSecondAfter = _fault.Killed ? Rounded(_meter.RateAfter) : null,
            FaultToleranceRatio = ratio is { } value ? Math.Round(value, 3) : null,
            PeakNodeMemoryBytes = _cluster.PeakNodeMemoryBytes(),
        };
    }

    private static double? Milliseconds(TimeSpan? time) => time is { } known ? Math.Round(known.TotalMilliseconds, 1) : null;

    private static double? Rounded(double? value) => value is { } known ? Math.Round(known, 1) : null;
}

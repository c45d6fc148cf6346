using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>Whole loads on a system in memory: a right one passes every check, and of one with a planted bug exactly that bug's workload fails.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable] // It mostly waits.
internal sealed class LoadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task A_right_system_passes_every_check_of_every_workload()
    {
        var (load, checks) = await RunAsync(new FakeSystem(), operations: 12_000);
        Assert.Multiple(() =>
        {
            Assert.That(checks.Where(static check => check.Verdict != Verdict.Linearizable), Is.Empty);
            Assert.That(checks.Select(static check => check.Workload).Distinct(StringComparer.Ordinal), Is.EquivalentTo([.. LoadCatalog.Names, Judge.AllWorkloads]));
            Assert.That(load.Operations.Count(static operation => operation.Answer.Kind == AnswerKind.Unknown), Is.GreaterThan(10));
            Assert.That(load.Repeats, Is.Not.Empty);
            Assert.That(load.Operations.Where(static operation => operation.Pipeline > 0).GroupBy(static operation => operation.Pipeline).Max(static pipeline => pipeline.Count()), Is.EqualTo(3));
            Assert.That(load.Watch!.Resumed.Elsewhere, Is.Positive);
            Assert.That(load.Watch.Resets, Is.Positive);
            Assert.That(RunValidity.Lacks([], load), Is.Empty);
            Assert.That(load.FinalReads.Select(static read => read.Node).Distinct(), Is.EquivalentTo([1, 2, 3]));
        });
        foreach (var process in load.Operations.GroupBy(static operation => operation.Client))
        {
            var ordered = process.OrderBy(static operation => operation.Invoked).ToArray();
            Assert.That(ordered.Zip(ordered.Skip(1)).Where(static pair => pair.First.Completed >= pair.Second.Invoked), Is.Empty, "a process has one operation at a time");
            Assert.That(ordered.SkipLast(1).Where(static operation => operation.Answer.Kind == AnswerKind.Unknown), Is.Empty, "nothing follows an unknown outcome");
        }
    }

    [TestCase(Planted.LostWrite, CounterLoad.LoadName, "linearizability", "sum")]
    [TestCase(Planted.DoubledAdd, CounterLoad.LoadName, "linearizability", "sum")]
    [TestCase(Planted.StaleRead, CounterLoad.LoadName, "linearizability", "bounded staleness")]
    [TestCase(Planted.DoneAndRefused, CounterLoad.LoadName, "linearizability", "sum")]
    [TestCase(Planted.LeftBehind, CounterLoad.LoadName, "linearizability", "convergence")]
    [TestCase(Planted.StaleRead, RegisterLoad.LoadName, "linearizability")]
    [TestCase(Planted.LostWrite, CasLoad.LoadName, "linearizability")]
    [TestCase(Planted.BlindCompare, CasLoad.LoadName, "linearizability")]
    [TestCase(Planted.LostWrite, SetLoad.LoadName, "linearizability", "set")]
    [TestCase(Planted.DoubledAdd, SetLoad.LoadName, "linearizability", "set")]
    [TestCase(Planted.StaleRead, SetLoad.LoadName, "linearizability", "set")]
    [TestCase(Planted.LostWrite, AppendLoad.LoadName, "linearizability", "append")]
    [TestCase(Planted.BlindCompare, AppendLoad.LoadName, "linearizability", "append")]
    [TestCase(Planted.BlindCompare, MutexLoad.LoadName, "linearizability")]
    [TestCase(Planted.RepeatedCommand, SessionsLoad.LoadName, "linearizability", "exactly once", "same answer")]
    [TestCase(Planted.LostWrite, SessionsLoad.LoadName, "linearizability", "exactly once")]
    [TestCase(Planted.TooOld, LevelsLoad.LoadName, "bounded staleness")]
    [TestCase(Planted.LostAndConfirmed, ProvisionalLoad.LoadName, "linearizability", "sum")]
    [TestCase(Planted.DoneAndLost, ProvisionalLoad.LoadName, "linearizability", "sum")]
    [TestCase(Planted.AcceptedTwice, AvailableLoad.LoadName, "accepted once")]
    [TestCase(Planted.AcceptedLost, AvailableLoad.LoadName, "accepted once")]
    [TestCase(Planted.TentativeTwice, AvailableLoad.LoadName, "accepted once")]
    [TestCase(Planted.TentativeForgets, AvailableLoad.LoadName, "accepted once")]
    [TestCase(Planted.WatchSkips, WatchLoad.LoadName, "each change once")]
    [TestCase(Planted.WatchRepeats, WatchLoad.LoadName, "each change once")]
    [TestCase(Planted.WatchLies, WatchLoad.LoadName, "each change once")]
    [TestCase(Planted.WatchLacksRow, WatchLoad.LoadName, "each change once")]
    [TestCase(Planted.DoubledAdd, RedisLoad.LoadName, "linearizability", "sum")]
    [TestCase(Planted.StaleRead, RedisLoad.LoadName, "linearizability")]
    [TestCase(Planted.PipelineReversed, RedisLoad.LoadName, "pipeline order")]
    [TestCase(Planted.RecordTwice, StreamLoad.LoadName, "exactly once")]
    [TestCase(Planted.RecordLost, StreamLoad.LoadName, "exactly once")]
    public async Task A_planted_bug_is_found_in_its_workload_and_nowhere_else(Planted bug, string workload, params string[] checkers)
    {
        var (_, checks) = await RunAsync(new FakeSystem(bug, workload), operations: 9_000);
        var found = checks.Where(static check => check.Verdict == Verdict.Illegal).ToArray();
        Assert.That(found.Select(static check => check.Workload).Except([Judge.AllWorkloads], StringComparer.Ordinal).Distinct(StringComparer.Ordinal), Is.EqualTo(new[] { workload }));
        Assert.That(found.Where(check => check.Workload == workload).Select(static check => check.Checker), Is.SupersetOf(checkers));
        foreach (var picture in found.Select(static check => check.Picture).OfType<string>())
            Assert.That(File.ReadAllText(InFolder(picture)), Does.Contain("cannot be ordered"));
    }

    [Test]
    public async Task The_history_file_is_read_by_the_checker_one_workload_at_a_time()
    {
        var (load, _) = await RunAsync(new FakeSystem(), operations: 3_000);
        var lines = await File.ReadAllLinesAsync(InFolder(HistoryFile.Name));
        Assert.That(lines, Has.Length.EqualTo(2 * load.Operations.Count));
        foreach (var (workload, model) in new[] { ("counter", HistoryModel.Counter), ("set", HistoryModel.Counter), ("cas", HistoryModel.Register), ("bank", HistoryModel.Register) })
        {
            using var text = new StringReader(string.Join('\n', lines.Where(line => line.Contains($"\"key\":\"{workload}/", StringComparison.Ordinal))));
            var history = HistoryReader.Read(text, model);
            Assert.That(history.Operations.Count, Is.EqualTo(load.Operations.Count(operation => operation.Workload == workload && operation.Answer.Kind != AnswerKind.Failed)));
            Assert.That(LinearizabilityChecker.Check(history, model).Verdict, Is.EqualTo(Verdict.Linearizable), workload);
        }
    }

    [Test]
    public async Task A_call_that_heeds_no_deadline_is_of_unknown_outcome_and_holds_up_nobody()
    {
        var (load, checks) = await RunAsync(new FakeSystem { Hanging = 3, Lost = 0 }, operations: 2_000, timeout: 0.05, workloads: "counter");
        Assert.That(load.Operations.Count(static operation => operation.Answer.Kind == AnswerKind.Unknown || (operation.Answer.Kind == AnswerKind.Failed && operation.Call.Function == OperationFunction.Read)), Is.GreaterThanOrEqualTo(3));
        Assert.That(checks.Where(static check => check.Verdict != Verdict.Linearizable), Is.Empty);
    }

    [Test]
    public async Task A_cluster_that_stays_down_leaves_the_final_reads_undecided()
    {
        var (load, checks) = await RunAsync(new FakeSystem(), operations: 1_000, finalTime: 0.3, beforeEnd: static system => system.IsDown = true);
        Assert.That(load.FinalReads.Where(static read => read.Value is not null), Is.Empty);
        Assert.That(checks.Where(static check => check.Checker is "convergence" or "state" or "sum" or "exactly once" or "accepted once" or "each change once").Select(static check => check.Verdict), Is.All.EqualTo(Verdict.Undecided));
        Assert.That(checks.Where(static check => check.Verdict == Verdict.Illegal), Is.Empty);
    }

    [Test]
    public async Task One_node_that_stays_silent_does_not_keep_the_others_from_being_read()
    {
        var (load, checks) = await RunAsync(new FakeSystem(), operations: 1_000, timeout: 0.05, workloads: "counter", beforeEnd: static system => system.DownNode = "node-3");
        Assert.That(load.FinalReads.Where(static read => read.Value is null).Select(static read => read.Node).Distinct(), Is.EqualTo(new[] { 3 }));
        Assert.That(load.FinalReads.Where(static read => read.Node != 3).Select(static read => read.Value), Is.All.Not.Null);
        Assert.That(checks.Where(static check => check.Verdict != Verdict.Linearizable).Select(static check => check.Checker), Is.EqualTo(new[] { "convergence" }));
    }

    [Test]
    public async Task What_never_comes_to_an_end_leaves_time_for_the_final_reads()
    {
        var (load, checks) = await RunAsync(new FakeSystem(), operations: 1_000, finalTime: 4, beforeEnd: static system => system.CountsNothing = true);
        Assert.That(load.FinalReads, Is.Not.Empty);
        Assert.That(load.FinalReads.Select(static read => read.Value), Is.All.Not.Null);
        Assert.That(checks.Where(static check => check.Verdict != Verdict.Linearizable).Select(static check => check.Workload), Is.All.EqualTo("stream"));
    }

    [Test]
    public async Task Calls_come_at_the_rate_that_was_asked_for()
    {
        var clock = new RunClock();
        var pool = new ClientPool(new FakeSystem(), new FakeDriver(), new() { Seed = 1, Clients = 5, Rate = 400, Folder = _folder.Path, Workloads = ["counter"] }, clock);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await pool.RunAsync(stop.Token);
        var seconds = clock.Now / 1e9;
        var progress = pool.Look();
        Assert.That(progress.Ok + progress.Failed + progress.Unknown, Is.LessThanOrEqualTo((400 * seconds) + 5).And.GreaterThan(20));
        Assert.That(progress.PerSecond, Is.GreaterThan(5));
    }

    [Test]
    public void A_workload_that_is_unknown_or_cannot_be_done_is_refused_with_what_can()
    {
        var options = new LoadOptions { Seed = 1, Folder = _folder.Path, Workloads = ["ledger"] };
        Assert.That(() => new ClientPool(new FakeSystem(), new FakeDriver(), options, new()), Throws.ArgumentException.With.Message.Contains("register, counter, cas"));
        var reader = new FakeSystem { Functions = new HashSet<OperationFunction> { OperationFunction.Read, OperationFunction.Write } };
        Assert.That(() => new ClientPool(reader, new FakeDriver(), options with { Workloads = ["bank"] }, new()), Throws.ArgumentException.With.Message.Contains("it can do register"));
        Assert.That(() => new ClientPool(reader, new FakeDriver(), options with { Workloads = [], Clients = 0 }, new()), Throws.ArgumentException.With.Message.Contains("give 1 to 10000"));
    }

    private string InFolder(string name) => Path.Combine(_folder.Path, name);

    private async Task<(LoadResult Load, IReadOnlyList<RunCheck> Checks)> RunAsync(
        FakeSystem system, int operations, double timeout = 2, double finalTime = 60, string? workloads = null, Action<FakeSystem>? beforeEnd = null)
    {
        var options = new LoadOptions
        {
            Seed = 11,
            Clients = 12,
            Rate = 500_000,
            MaxOperations = operations,
            CallTimeout = TimeSpan.FromSeconds(timeout),
            FinalTime = TimeSpan.FromSeconds(finalTime),
            JobPace = TimeSpan.Zero,
            Folder = _folder.Path,
            Workloads = workloads is null ? [] : [workloads],
        };
        var pool = new ClientPool(system, new FakeDriver(), options, new());
        await pool.RunAsync(CancellationToken.None);
        beforeEnd?.Invoke(system);
        var load = await pool.FinishAsync(CancellationToken.None);
        return (load, Judge.Run(load, new() { Folder = _folder.Path, TimePerCheck = TimeSpan.FromSeconds(5) }));
    }
}

using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>A failing run is made smaller, and stays the same failure.</summary>
internal sealed class ShrinkerTests
{
    private static readonly string[] EndsOfProcesses = ["power cut", "process killed", "crash in a disk operation", "disk lost", "bit turned over"];
    private static readonly string[] OtherFaults = ["partition", "bridge", "one-way cut", "process paused", "slow disk", "disk full", "message lost", "message duplicated", "message delayed", "transfer asked"];

    [Test]
    public void A_promise_that_one_restart_breaks_is_shrunk_to_one_restart()
    {
        var failing = Enumerable.Range(9, 20)
            .Select(static seed => Simulation.Run(new() { Seed = (ulong)seed, Without = SimulationPart.Changes, Workload = static () => new NoRestart() }))
            .First(static report => report.Violation is not null && EndsOfProcesses.Sum(what => report.Counts.Counts.GetValueOrDefault(what)) > 0);
        Assert.That(failing.Violation!.Invariant, Is.EqualTo("NoRestart"), failing.Violation.Message);

        var small = Shrinker.Shrink(failing, maxRuns: 400, maxTime: TimeSpan.FromMinutes(2)).Report;

        Assert.That(small.Violation?.Invariant, Is.EqualTo("NoRestart"));
        Assert.That(small.Steps, Is.LessThanOrEqualTo(failing.Steps));
        Assert.That(small.Options.Steps, Is.LessThan(failing.Options.Steps));
        Assert.That(EndsOfProcesses.Sum(what => small.Counts.Counts.GetValueOrDefault(what)), Is.EqualTo(1), "one process ends");
        Assert.That(OtherFaults.Where(what => small.Counts.Counts.ContainsKey(what)), Is.Empty, "and nothing else happens");
        var again = Simulation.Run(small.Options);
        Assert.That((again.TraceHash, again.Steps), Is.EqualTo((small.TraceHash, small.Steps)), "the smaller run can be replayed");
    }

    [Test]
    public void What_is_left_out_does_not_happen_and_what_never_comes_can_be_skipped()
    {
        var whole = Simulation.Run(new() { Seed = 4 });
        var parts = SimulationPart.Partition | SimulationPart.OneWay | SimulationPart.Bridge | SimulationPart.Loss | SimulationPart.Duplication | SimulationPart.Sessions | SimulationPart.Adds | SimulationPart.Changes | SimulationPart.LostDisk | SimulationPart.Rot;
        var less = Simulation.Run(new() { Seed = 4, Without = parts });
        string[] gone = ["partition", "one-way cut", "bridge", "message lost", "message duplicated", "session opened Applied", "add Applied", "member Add asked"];
        Assert.That(gone.Where(what => less.Counts.Counts.ContainsKey(what)), Is.Empty);
        Assert.That(less.Violation, Is.Null);
        var skipped = Simulation.Run(new() { Seed = 4, SkipFaults = new SortedSet<int> { whole.FaultsDrawn + 1 }, SkipActions = new SortedSet<int> { 1_000_000 } });
        Assert.That(skipped.TraceHash, Is.EqualTo(whole.TraceHash));
        var none = Simulation.Run(new() { Seed = 4, SkipFaults = new SortedSet<int>(Enumerable.Range(1, 10_000)) });
        Assert.That(EndsOfProcesses.Where(what => none.Counts.Counts.ContainsKey(what)), Is.Empty);
    }

    [Test]
    public void A_run_that_broke_nothing_is_refused() =>
        Assert.That(() => Shrinker.Shrink(Simulation.Run(new() { Seed = 1, Steps = 500 }), 10, TimeSpan.FromSeconds(10)), Throws.ArgumentException);

    [TestCase("", "")]
    [TestCase("3", "3")]
    [TestCase("7, 1-3,4", "1-4,7")]
    [TestCase("2,9-9,5", "2,5,9")]
    public void Numbers_are_read_and_written_as_ranges(string text, string written)
    {
        Assert.That(NumberRanges.TryParse(text, out var numbers), Is.True);
        Assert.That(NumberRanges.Format(numbers), Is.EqualTo(written));
    }

    [TestCase("x")]
    [TestCase("0")]
    [TestCase("3-1")]
    [TestCase("1-2-3")]
    [TestCase("-4")]
    [TestCase("1-2000000")]
    public void What_is_no_range_of_numbers_is_refused(string text) => Assert.That(NumberRanges.TryParse(text, out _), Is.False);

    /// <summary>A load whose promise is that no process ever starts twice.</summary>
    private sealed class NoRestart : ISimulatedWorkload
    {
        private int _starts;

        public IStateMachine CreateMachine() => ++_starts <= 3 ? new Register() : throw new ViolationException("NoRestart", $"{_starts} state machines were made.");

        public void Act(SimulatedClient client) => client.Read([], static _ => { });

        public void Check(IReadOnlyList<IStateMachine> replicas)
        {
        }
    }
}

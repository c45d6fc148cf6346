using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>Drawn stream jobs equal a plain evaluation of what their operators mean: on one replica with restarts, and on clusters under faults.</summary>
internal sealed class JobModelTests
{
    /// <summary>What must happen over the seeds below, or they prove nothing.</summary>
    private static readonly string[] MustHappen =
    [
        .. Enum.GetNames<OpKind>().Where(static kind => kind != nameof(OpKind.Source)).Select(static kind => $"job operator {kind}"),
        .. Enum.GetNames<WindowKind>().Select(static kind => $"job windows {kind}"),
        .. Enum.GetNames<AggregateKind>().Select(static kind => $"job aggregation {kind}"),
        .. Enum.GetNames<KeyKind>().Select(static kind => $"job key {kind}"),
        .. Enum.GetNames<TimeKind>().Select(static kind => $"job source {kind}"),
        "job join Inner pair", "job join Left pair", "job join Outer pair", "job join Outer without a partner", "job late record at a join", "job late record at a window",
        "job sessions merged", "job window fired by closing", "job window fired by log time", "job event timer fired", "job state outlived its time", "job records combined",
        "job bytes that are no record", "job poison at the reader", "job poison behind the log", "job partition idle", "job source partition ended", "job reply Busy", "job reply Superseded",
        "job reply WrongPosition", "job command again None", "job command again Superseded", "job restored from a snapshot",
        "job outputs acknowledged", "job outputs acknowledged again", "job Acknowledge NotFound", "job Refuse None", "job Refuse Deposed", "job Refuse NotFound", "job Resent None", "job Resent Deposed",
        "job Resent NotFound", "job output replayed", "job record replayed", "job Replay NotFound", "job Discard None", "job batch declined at a full sink", "job batch declined by a full state",
        "job batch taken by a full state", "job batch of several combined operators", "job combined on several paths", "job combined several times on one path",
    ];

    [Test]
    public void A_drawn_job_equals_its_reference_on_one_replica_with_restarts() => Check(300, static seed => JobModelRun.Run(seed));

    [Test]
    public void A_drawn_job_equals_its_reference_on_every_replica_of_a_cluster_under_faults() => Check(
        100,
        static seed =>
        {
            var report = Simulation.Run(new() { Seed = seed, Steps = 4000, Load = OwnLoad.Jobs });
            return (report.Counts, report.Violation);
        });

    [TestCase(3UL)]
    [TestCase(4UL)]
    public void The_same_seed_runs_the_same_way_twice(ulong seed)
    {
        var options = new SimulationOptions { Seed = seed, Load = OwnLoad.Jobs };
        var (first, second) = (Simulation.Run(options), Simulation.Run(options));
        Assert.That((second.TraceHash, second.Steps), Is.EqualTo((first.TraceHash, first.Steps)));
        Assert.That(second.Counts.Counts, Is.EqualTo(first.Counts.Counts));
    }

    private static void Check(int seeds, Func<ulong, (EventCounts Counts, ViolationException? Violation)> run)
    {
        var ends = new (EventCounts Counts, ViolationException? Violation)[seeds];
        Parallel.For(0, seeds, place => ends[place] = run((ulong)place + 1));
        Assert.That(ends.Select(static (end, place) => end.Violation is { } violation ? $"seed {place + 1} breaks {violation.Invariant}: {violation.Message}" : null).Where(static text => text is not null), Is.Empty);
        var counts = new EventCounts();
        foreach (var (happened, _) in ends)
            counts.Add(happened);
        Assert.That(MustHappen.Where(what => counts.Counts.GetValueOrDefault(what) == 0), Is.Empty, "these never happened");
    }
}

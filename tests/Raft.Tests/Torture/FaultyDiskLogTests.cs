using RaftStream.Raft.Log;
using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>The log over the disk of a node under test: however its process ends, what was acknowledged is there, as over any disk that keeps its promise.</summary>
internal sealed class FaultyDiskLogTests
{
    private const int Steps = 40;

    [Test]
    public void A_process_that_ends_at_any_operation_loses_nothing_acknowledged([Range(1, 3)] int seed)
    {
        var whole = LogBench.NewDisk();
        new LogWorkload((ulong)seed).Run(Over(whole), Steps);
        for (var operation = 3L; operation <= whole.Operations; operation += 3)
        {
            var below = LogBench.NewDisk((ulong)operation);
            below.CrashAt(operation, (CrashMoment)(operation % 2));
            var workload = new LogWorkload((ulong)seed);
            Assert.That(() => workload.Run(Over(below), Steps), Throws.TypeOf<SimulatedCrashException>(), $"operation {operation}");
            below.Kill();
            Check(below, workload, $"seed {seed}, operation {operation}, {workload.Doing}");
        }
    }

    [Test]
    public void Many_power_cuts_lose_nothing_acknowledged_and_leave_torn_batches([Range(1, 10)] int seed)
    {
        var random = new SimRandom((ulong)seed);
        var below = LogBench.NewDisk((ulong)seed);
        var workload = new LogWorkload((ulong)seed);
        var lost = 0;
        for (var life = 0; life < 25; life++)
        {
            var faults = new DiskFaults();
            var disk = new FaultyDisk(below, faults, static () => { });
            using (var log = LogBench.Open(disk))
            {
                workload.Use(log);
                workload.RunSteps(random.Below(6));
                faults.CutInSync = life + 1;
                Assert.That(() => workload.RunSteps(500), Throws.TypeOf<SimulatedCrashException>());
            }

            lost += disk.SectorsLost;
            below.Kill();
            Check(below, workload, $"seed {seed}, life {life}, {workload.Doing}");
        }

        Assert.That(lost, Is.GreaterThan(5));
    }

    [Test]
    public void A_sync_that_fails_loses_nothing_acknowledged_and_the_log_says_so([Range(1, 10)] int seed)
    {
        var random = new SimRandom((ulong)seed);
        var below = LogBench.NewDisk((ulong)seed);
        var workload = new LogWorkload((ulong)seed);
        for (var life = 0; life < 10; life++)
        {
            var faults = new DiskFaults();
            using (var log = LogBench.Open(new FaultyDisk(below, faults, static () => { })))
            {
                workload.Use(log);
                workload.RunSteps(random.Below(6));
                faults.SyncFails = true;
                Assert.That(() => workload.RunSteps(500), Throws.InstanceOf<IOException>());
            }

            below.Kill();
            Check(below, workload, $"seed {seed}, life {life}, {workload.Doing}");
        }
    }

    private static FaultyDisk Over(IDisk below) => new(below, new DiskFaults(), static () => { });

    private static void Check(SimDisk below, LogWorkload workload, string where)
    {
        using var log = LogBench.Open(Over(below));
        var difference = workload.Acknowledged.DifferenceTo(log);
        if (difference is null)
            return;
        Assert.That(workload.UnderWay, Is.Not.Null, $"{where}: {difference}");
        Assert.That(workload.UnderWay!.DifferenceTo(log), Is.Null, $"{where}: neither what was acknowledged ({difference}) nor what was under way");
        workload.Settle();
    }
}

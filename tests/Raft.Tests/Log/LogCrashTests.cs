using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

/// <summary>
/// A workload of everything a log does is crashed at each of its I/O operations. What comes back must be the state of the last
/// operation that returned, or the one under way, and the log must go on from there.
/// </summary>
[TestFixture]
[Parallelizable] // It computes, alone, on one core.
internal sealed class LogCrashTests
{
    private const int Steps = 45;

    [Test]
    public void A_crash_at_any_operation_loses_nothing_acknowledged([Range(1, 6)] int seed, [Values] CrashMoment moment)
    {
        var operations = OperationsOf((ulong)seed);
        Assert.That(operations, Is.GreaterThan(100));
        for (var operation = 1L; operation <= operations; operation++)
        {
            var disk = LogBench.NewDisk((ulong)(seed * 1000) + (ulong)operation);
            disk.CrashAt(operation, moment);
            var workload = new LogWorkload((ulong)seed);
            Assert.That(() => workload.Run(disk, Steps), Throws.TypeOf<SimulatedCrashException>(), $"operation {operation}");
            CrashOrKill(disk, operation);
            var where = $"seed {seed}, {moment} operation {operation}, {workload.Doing}";
            using (var log = Reopen(disk, new SimRandom((ulong)operation), where))
                CheckAndGoOn(log, workload, where);
            disk.Crash();
            using var again = LogBench.Open(disk);
            Assert.That(workload.Acknowledged.DifferenceTo(again), Is.Null, where);
        }
    }

    [Test]
    public void Long_random_lives_with_many_crashes_lose_nothing_acknowledged([Range(1, 40)] int seed)
    {
        var random = new SimRandom((ulong)seed);
        var disk = new SimDisk(random.Fork());
        var workload = new LogWorkload((ulong)seed);
        for (var life = 0; life < 12; life++)
        {
            disk.CrashAt(random.Between(1, 150), (CrashMoment)random.Below(3));
            Assert.That(() => workload.Run(disk, 500), Throws.TypeOf<SimulatedCrashException>());
            CrashOrKill(disk, random.Below(4));
            var where = $"seed {seed}, life {life}, {workload.Doing}";
            using var log = Reopen(disk, random, where);
            CheckAndGoOn(log, workload, where);
        }

        Assert.That(disk.Counters.Crashes, Is.GreaterThan(3));
    }

    [Test]
    public void A_sync_that_fails_at_any_operation_loses_nothing_acknowledged([Range(1, 4)] int seed)
    {
        var operations = OperationsOf((ulong)seed);
        var failures = 0;
        for (var failing = 1L; failing <= operations; failing++)
        {
            var disk = LogBench.NewDisk((ulong)failing);
            disk.Fault = (operation, _) => operation == DiskOperation.SyncData && disk.Operations == failing ? DiskFault.IoError : DiskFault.None;
            var workload = new LogWorkload((ulong)seed);
            try
            {
                workload.Run(disk, Steps);
                continue;
            }
            catch (IOException)
            {
                failures++;
            }

            // The process stops; the power may go later. A kill leaves bytes in the cache that the failed sync has marked as written.
            disk.Fault = null;
            CrashOrKill(disk, failing * 2);
            var where = $"seed {seed}, sync in operation {failing}, {workload.Doing}";
            LogModel found;
            using (var log = LogBench.Open(disk))
                found = Match(log, workload, where);
            disk.Crash();
            using var again = LogBench.Open(disk);
            Assert.That(found.DifferenceTo(again), Is.Null, $"{where}: what one start saw the next must see");
        }

        Assert.That(failures, Is.GreaterThan(20));
    }

    private static long OperationsOf(ulong seed)
    {
        var disk = LogBench.NewDisk();
        new LogWorkload(seed).Run(disk, Steps);
        return disk.Operations;
    }

    private static void CrashOrKill(SimDisk disk, long which)
    {
        if (which % 4 == 0)
            disk.Kill();
        else
            disk.Crash();
    }

    // Recovery itself is crashed as well, now and then more than once.
    private static SegmentedLog Reopen(SimDisk disk, SimRandom random, string where)
    {
        while (random.Chance(0.4))
        {
            disk.CrashAt(random.Between(1, 5), (CrashMoment)random.Below(3));
            try
            {
                SegmentedLog.Open(disk, LogBench.Identity, LogBench.Small, 3).Log?.Dispose();
                disk.Kill();
            }
            catch (SimulatedCrashException)
            {
                disk.Crash();
            }
        }

        var opening = SegmentedLog.Open(disk, LogBench.Identity, LogBench.Small, 3);
        Assert.That(opening.Kind, Is.EqualTo(OpeningKind.Opened), $"{where}: {opening.Problem?.Sentence}");
        return opening.Log!;
    }

    private static void CheckAndGoOn(SegmentedLog log, LogWorkload workload, string where)
    {
        Match(log, workload, where);
        workload.Use(log);
        workload.RunSteps(6);
    }

    private static LogModel Match(SegmentedLog log, LogWorkload workload, string where)
    {
        var difference = workload.Acknowledged.DifferenceTo(log);
        if (difference is not null)
        {
            Assert.That(workload.UnderWay, Is.Not.Null, $"{where}: {difference}");
            var other = workload.UnderWay!.DifferenceTo(log);
            Assert.That(other, Is.Null, $"{where}: neither what was acknowledged ({difference}) nor what was under way");
            workload.Settle();
        }

        return workload.Acknowledged;
    }
}

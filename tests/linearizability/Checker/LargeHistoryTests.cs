using System.Diagnostics;
using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests.Checker;

/// <summary>Histories as large as real runs leave them, and ones that no checker can decide: how much work they are, and that bounds hold.</summary>
[TestFixture]
internal sealed class LargeHistoryTests
{
    private const int Clients = 10;
    private const int Operations = 10_000;
    private const int Keys = 50;

    [TestCase(HistoryModel.Register)]
    [TestCase(HistoryModel.Counter)]
    [TestCase(HistoryModel.KeyValue)]
    [TestCase(HistoryModel.Append)]
    [TestCase(HistoryModel.Set)]
    public void TenClientsAndTenThousandOperationsOnFiftyKeysTakeFewSteps(HistoryModel model)
    {
        var history = new BusyClients(model, seed: 5).Run(Clients, Operations, Keys, lost: 0.01);
        LinearizabilityChecker.Check(history, model);

        var watch = Stopwatch.StartNew();
        var result = LinearizabilityChecker.Check(history, model);

        TestContext.Out.WriteLine($"{model}: {result.Steps} steps, {watch.Elapsed.TotalMilliseconds:0} ms");
        Assert.That(result.Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(result.Steps, Is.LessThan(20 * Operations), "a step takes well below a microsecond, so this is far below two seconds");
    }

    [TestCase(HistoryModel.Register)]
    [TestCase(HistoryModel.Counter)]
    [TestCase(HistoryModel.KeyValue)]
    [TestCase(HistoryModel.Append)]
    [TestCase(HistoryModel.Set)]
    public void AWrongAnswerAmongThemIsFound(HistoryModel model)
    {
        var history = new BusyClients(model, seed: 6) { BreakAt = Operations / 2 }.Run(Clients, Operations, Keys, lost: 0.01);

        var watch = Stopwatch.StartNew();
        var result = LinearizabilityChecker.Check(history, model);

        TestContext.Out.WriteLine($"{model}: {result.Steps} steps, {watch.Elapsed.TotalMilliseconds:0} ms");
        Assert.That(result.Verdict, Is.EqualTo(Verdict.Illegal));
        Assert.That(result.Keys.Count(static key => key.Verdict == Verdict.Illegal), Is.EqualTo(1));
        Assert.That(result.FirstIllegal!.Illegal!.IsShortest);
    }

    [TestCase(HistoryModel.Register)]
    [TestCase(HistoryModel.Counter)]
    [TestCase(HistoryModel.KeyValue)]
    [TestCase(HistoryModel.Append)]
    [TestCase(HistoryModel.Set)]
    public void OneKeyOfTenThousandOperationsIsNoHarder(HistoryModel model)
    {
        var history = new BusyClients(model, seed: 7).Run(Clients, Operations, keys: 1, lost: 0.002);

        var watch = Stopwatch.StartNew();
        var result = LinearizabilityChecker.Check(history, model);

        TestContext.Out.WriteLine($"{model}: {result.Steps} steps, {watch.Elapsed.TotalMilliseconds:0} ms");
        Assert.That(result.Verdict, Is.EqualTo(Verdict.Linearizable));
    }

    [Test]
    public void WhatExplodesEndsUndecidedWithinTheTime()
    {
        var watch = Stopwatch.StartNew();

        var result = LinearizabilityChecker.Check(Explosive(), HistoryModel.Counter, new() { Time = TimeSpan.FromSeconds(0.3) });

        Assert.That((result.Verdict, result.Keys[0].EndedBy), Is.EqualTo((Verdict.Undecided, "time")));
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(15)), "the clock is looked at often");
    }

    [Test]
    public void WhatExplodesEndsUndecidedWithinTheMemory()
    {
        const long Memory = 4 << 20;

        var result = LinearizabilityChecker.Check(Explosive(), HistoryModel.Counter, new() { Time = TimeSpan.FromMinutes(10), MemoryBytes = Memory });

        Assert.That((result.Verdict, result.Keys[0].EndedBy), Is.EqualTo((Verdict.Undecided, "memory")));
        Assert.That(result.Keys[0].MemoryBytes, Is.InRange(Memory / 4, Memory));
    }

    [Test]
    public void AKeyThatExplodesTakesNothingFromTheOthers()
    {
        var recorder = new HistoryRecorder();
        Explode(recorder);
        recorder.Ok(recorder.Invoke(100, "wrong", OperationFunction.Read), 7);

        var result = LinearizabilityChecker.Check(recorder.ToHistory(), HistoryModel.Counter, new() { Time = TimeSpan.FromSeconds(0.3) });

        Assert.That(result.Verdict, Is.EqualTo(Verdict.Illegal));
        Assert.That(result.Keys.Select(static key => key.Verdict), Is.EqualTo(new[] { Verdict.Undecided, Verdict.Illegal }));
    }

    [Test]
    public void ACheckCanBeCancelled()
    {
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        Assert.That(() => LinearizabilityChecker.Check(Explosive(), HistoryModel.Counter, new() { Time = TimeSpan.FromMinutes(10) }, source.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    private static History Explosive()
    {
        var recorder = new HistoryRecorder();
        Explode(recorder);
        return recorder.ToHistory();
    }

    // With amounts of both signs no sum rules anything out: every subset of the open adds has to be tried.
    private static void Explode(HistoryRecorder recorder)
    {
        var random = new SimRandom(3);
        for (var process = 0; process < 50; process++)
            recorder.Invoke(process, "hard", OperationFunction.Add, (random.Below(1L << 40) - (1L << 39)) * 2);
        recorder.Ok(recorder.Invoke(50, "hard", OperationFunction.Read), 1);
    }
}

using RaftStream.StreamStateMachine.Tests.Semantics;

namespace RaftStream.StreamStateMachine.Tests.Jobs;

/// <summary>Code of a job that does what it should not: what is told of it, and what becomes of the record.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class JobCodeTests
{
    private static readonly string Million = new('x', 600_000);

    private static JobHarness Job(Action<Stream<string>> declare)
    {
        var builder = new StreamBuilder("job");
        declare(builder.Ingest("in", Hand.Time()));
        return new(builder.Build());
    }

    [Test]
    public void WhatIsKeptUnderAKeyAndBecomesTooLongMakesItsRecordADeadLetter()
    {
        var job = Job(static lines => lines.KeyBy(Hand.KeyOf).Reduce("joined", static (all, one) => one.StartsWith('b') ? all : all + Million).ToStream().ToSubscription("out", format: static change => change.Key));
        job.Push("a@1", "a@2", "b@3");
        job.Push("a@4", "b@5");
        Assert.That(job.Letters().Select(static letter => letter.Reason), Is.EqualTo(new[] { "What is kept under its key would take 1200013 bytes, and 1048576 are the most: keep less of each record, or spread it over more keys." }));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a", "a", "b", "b" }), "nothing of the letter's record is left, and those behind it count");
    }

    [Test]
    public void WhatAWindowKeepsAndBecomesTooLongMakesItsRecordADeadLetter()
    {
        var job = Job(static lines => lines.KeyBy(Hand.KeyOf).Window(Window.Session(Hand.Ms(5))).Reduce("joined", static (all, _) => all + Million).ToStream().ToSubscription("out", format: static change => change.Key.Key));
        job.Push("a@1", "a@3", "a@5", "b@100");
        Assert.That(job.Letters(), Has.Count.EqualTo(1));
        Assert.That(job.Outputs("out"), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public void ANullKeyInFrontOfTheLogMakesItsRecordADeadLetter()
    {
        var job = Job(static lines => lines.KeyBy(static line => Hand.KeyOf(line) == "none" ? null! : Hand.KeyOf(line)).Count("counts"));
        job.Push("a@1", "none@2", "@3", "a@4");
        Assert.That(job.Rows("counts"), Is.EqualTo(new[] { "=1", "a=2" }), "null is not the empty text");
        Assert.That(job.Letters().Select(static letter => letter.Reason), Is.EqualTo(new[] { "Its key is null: give each record a key, or filter out those that have none." }));
    }

    [Test]
    public void ANullKeyOfACombinedBatchMakesItsRecordADeadLetter()
    {
        var job = Job(static lines => lines.KeyBy(static line => Hand.KeyOf(line) == "none" ? null! : Hand.KeyOf(line)).Combined().Count("counts"));
        job.Push("a@1", "none@2", "a@4", "none@5");
        Assert.That(job.Rows("counts"), Is.EqualTo(new[] { "a=2" }));
        Assert.That(job.Letters(), Has.Count.EqualTo(2));
    }

    [Test]
    public void ANullKeyBehindTheLogMakesItsRecordADeadLetter()
    {
        var job = Job(static lines => lines.KeyBy(Hand.KeyOf).Count("counts").KeyBy(static change => change.Key == "none" ? null! : change.Key).Count("changes"));
        job.Push("a@1", "none@2", "a@4");
        Assert.That(job.Rows("counts"), Is.EqualTo(new[] { "a=2" }), "the letter's record has left nothing behind");
        Assert.That(job.Rows("changes"), Is.EqualTo(new[] { "a=2" }));
        Assert.That(job.Letters(), Has.Count.EqualTo(1));
    }

    [Test]
    public void ANullPartitionTextMakesItsRecordADeadLetter()
    {
        var job = Job(static lines => lines.PartitionBy(Partitioning.Hash<string>(4, static line => line == "none@2" ? null! : "same")).Count("counts"));
        job.Push("a@1", "none@2", "a@4");
        Assert.That(job.Rows("counts").Single(), Does.EndWith("=2"));
        Assert.That(job.Letters(), Has.Count.EqualTo(1));
    }

    [Test]
    public void CodeInFrontOfTheLogThatThrowsIsNamedWithItsRecord()
    {
        var job = Job(static lines => lines.Filter(static _ => true).Map(static line => line.Split(':')[1], "second-part").KeyBy(static part => part).Count("counts"));
        Assert.That(
            () => job.Push("a:b@1", "nonsense@2"),
            Throws.Exception.With.Message.EqualTo(
                "The code of 'second-part' threw IndexOutOfRangeException at the record 'nonsense@2' (Index was outside the bounds of the array.), so nothing of its batch was taken in: mend it, or throw a PoisonRecordException there to have such records set aside."));
    }

    [Test]
    public void ATimeThatThrowsIsNamedWithItsSource()
    {
        var builder = new StreamBuilder("job");
        builder.Ingest("in", EventTime.Of<string>(static line => line.Split('@')[1].Length)).KeyBy(static line => line).Count("counts");
        var job = new JobHarness(builder.Build());
        Assert.That(() => job.Push("a"), Throws.Exception.With.Message.StartsWith("The code of 'in' threw IndexOutOfRangeException at the record 'a' "));
    }

    [Test]
    public void CodeOnTheReplicasThatThrowsIsNamedWithJobAndPlace()
    {
        var job = Job(static lines => lines.KeyBy(Hand.KeyOf).Count("counts").ToStream().Map(static change => 1 / (3 - change.Value), "divide").ToSubscription("out"));
        job.Push("a@1", "a@2");
        Assert.That(
            () => job.Push("a@3"),
            Throws.Exception.With.Message.EqualTo(
                "The code of 'divide' of job 'job' threw DivideByZeroException at a record of partition 'p' of 'in' (Attempted to divide by zero.): mend it, on all nodes alike, and start them again, or throw a PoisonRecordException there to have such records set aside."));
    }

    [Test]
    public void ATimerThatThrowsIsNamedWithItsOperator()
    {
        var job = Job(static lines => lines.KeyBy(Hand.KeyOf).Process("alarm", static () => new Alarm()).ToStream().ToSubscription("out"));
        Assert.That(() => job.Push("a@1", "b@50"), Throws.Exception.With.Message.StartsWith("The code of 'alarm' of job 'job' threw InvalidOperationException at a timer of 'alarm' (too late): mend it"));
    }

    [Test]
    public void WhatTheSentenceOfAFullStateAdvisesCanBeDone()
    {
        // Limits are part of the topology: the log would refuse the same job with a larger one.
        Assert.That(JobProblems.Sentence(JobProblem.StateFull), Does.Contain("under another name with a larger MaxStateBytes"));
        Assert.That(JobProblems.Sentence(JobProblem.SinkFull), Does.Not.Contain("raise"));
    }

    private sealed class Alarm : ProcessFunction<string, string, string>
    {
        public override void Process(string value, ProcessContext<string, string> context) => context.SetTimer(context.Time + 10);

        public override void OnTimer(ProcessContext<string, string> context) => throw new InvalidOperationException("too late");
    }
}

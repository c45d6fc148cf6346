using System.Text;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class AnswersTests
{
    private static readonly PartitionName Name = new("job", "main");
    private static readonly LogPosition Place = new(new(7), new(2));

    [Test]
    public void A_counters_answer_tells_the_reply_and_its_place()
    {
        var store = new StoreHarness();
        var added = Answers.ToCounter(Applied(store.Apply(StoreHarness.Bytes(output => StoreCommand.WriteAdd(output, "k"u8, long.MaxValue)))));
        Assert.That(added, Is.EqualTo(new CounterAnswer(Outcome.Applied, Refusal.None, Place, long.MaxValue, true, true, null)));
        var missed = Answers.ToCounter(Applied(store.Apply(StoreHarness.Bytes(output => StoreCommand.WriteCompareAndSet(output, "k"u8, 5, 6)))));
        Assert.That(missed, Is.EqualTo(added with { Matched = false }));
        var beyond = Answers.ToCounter(Applied(store.Apply(StoreHarness.Bytes(output => StoreCommand.WriteAdd(output, "k"u8, 1)))));
        Assert.That(beyond, Is.EqualTo(added with { Problem = StoreProblems.Sentence(StoreProblem.Overflow) }));
    }

    [Test]
    public void Queries_come_back_as_typed_answers()
    {
        var store = new StoreHarness();
        store.Add("a", 2);
        store.Open(Name);
        store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 30, [("b", 3)], 3, [new(4, 20, "start")]));
        var top = Answers.ToTop(Applied(store.Query(output => StoreQuery.WriteTop(output, 1))));
        Assert.That((top.Rows.Single(), top.Total, top.Distinct, top.Position), Is.EqualTo((new CounterRow("b", 3), 5L, 2L, Place)));
        var job = Answers.ToJob(Name, Applied(store.Query(output => StoreQuery.WriteJob(output, Name)))).Job!;
        Assert.That((job.Job, job.Partition, job.Exists, job.Offset, job.Words, job.DeadLetters), Is.EqualTo(("job", "main", true, 30L, 3L, 1L)));
        Assert.That(job.PrefixSha256.Length, Is.EqualTo(32));
        var letters = Answers.ToDeadLetters(Applied(store.Query(output => StoreQuery.WriteDeadLetters(output, Name, 9))));
        Assert.That((letters.Count, letters.Letters.Single()), Is.EqualTo((1L, new DeadLetter(4, 20, "start"))));
        var stats = Answers.ToStats(Applied(store.Query(StoreQuery.WriteStats)));
        Assert.That(stats, Is.EqualTo(new StatsAnswer(Outcome.Applied, Refusal.None, Place, 5, 2, 2, 1, store.Hash) { Keys = 2 }));
    }

    [Test]
    public void A_job_nobody_started_does_not_exist()
    {
        var name = new PartitionName("none", "main");
        var job = Answers.ToJob(name, Applied(new StoreHarness().Query(output => StoreQuery.WriteJob(output, name)))).Job!;
        Assert.That((job.Exists, job.Offset, job.PrefixSha256.Length), Is.EqualTo((false, 0L, 0)));
    }

    [Test]
    public void What_was_not_applied_says_so_and_has_no_value()
    {
        var lost = new Answer(Outcome.Unknown, Refusal.LostLeadership, Place, default);
        Assert.That(Answers.ToCounter(lost), Is.EqualTo(new CounterAnswer(Outcome.Unknown, Refusal.LostLeadership, Place, 0, false, false, null)));
        Assert.That(Answers.ToJob(Name, lost), Is.EqualTo(new JobAnswer(Outcome.Unknown, Refusal.LostLeadership, Place, null)));
        Assert.That(Answers.ToTop(lost).Rows, Is.Empty);
        Assert.That(Answers.ToDeadLetters(lost).Outcome, Is.EqualTo(Outcome.Unknown));
        Assert.That(Answers.ToStats(lost).Refusal, Is.EqualTo(Refusal.LostLeadership));
    }

    [Test]
    public void Replies_of_another_machine_are_told_with_a_sentence_and_never_crash_the_reader()
    {
        var random = new Random(9);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            if (CounterReply.TryRead(bytes, out var read) && read.Matched)
                Assert.That(CounterReply.TryRead(StoreHarness.Bytes(read.Write), out var again) && again == read, Is.True);
            Assert.That(TopReply.TryRead(bytes) is null || bytes.Length > 1, Is.True);
            Assert.That(PartitionReply.TryRead(bytes) is null || bytes.Length > 1, Is.True);
            Assert.That(StatsReply.TryRead(bytes) is null || bytes.Length > 1, Is.True);
            Assert.That(DeadLettersReply.TryRead(bytes) is null || bytes.Length > 1, Is.True);
        }

        Assert.That(() => Answers.ToTop(Applied(Encoding.UTF8.GetBytes("what?"))), Throws.InvalidOperationException.With.Message.Contains("CountingStore"));
    }

    [Test]
    public void Keys_and_limits_out_of_range_are_refused_before_they_are_proposed()
    {
        Assert.That(StoreLimits.KeyOf("\u6F22", "key"), Is.EqualTo(new byte[] { 0xE6, 0xBC, 0xA2 }));
        Assert.That(StoreLimits.KeyOf(new string('k', 4_096), "key"), Has.Length.EqualTo(4_096));
        foreach (var key in new[] { "", "\uDC00", "a\uD83D", new string('k', 4_097), new string('\u6F22', 1_366) })
            Assert.That(() => StoreLimits.KeyOf(key, "key"), Throws.ArgumentException.With.Message.Contains("key"));
        Assert.That(() => StoreLimits.CheckLimit(0, 10, "limit"), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => StoreLimits.CheckLimit(11, 10, "limit"), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => StoreLimits.CheckLimit(10, 10, "limit"), Throws.Nothing);
    }

    private static Answer Applied(byte[] reply) => new(Outcome.Applied, Refusal.None, Place, reply);
}

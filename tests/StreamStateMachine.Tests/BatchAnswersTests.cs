namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class BatchAnswersTests
{
    private static readonly LogPosition Place = new(new(7), new(2));

    [Test]
    public void A_reply_to_a_batch_comes_back_as_a_typed_answer()
    {
        var batch = new StoreBatch();
        batch.TryIncrement("k"u8, 3);
        var answer = Answers.ToBatch(new(Outcome.Applied, Refusal.None, Place, new StoreHarness().Apply(batch.Command)));
        Assert.That((answer.Outcome, answer.Position, answer.Problem), Is.EqualTo((Outcome.Applied, Place, (string?)null)));
        Assert.That(answer.Results, Is.EqualTo((BatchResult[])[new(BatchProblem.None, new(ValueKind.Integer, 3, default), false)]));
    }

    [Test]
    public void A_batch_that_was_declined_as_a_whole_says_why()
    {
        var answer = Answers.ToBatch(new(Outcome.Applied, Refusal.None, Place, new StoreHarness().Apply((byte[])[0x92, 7, 0x91, 0])));
        Assert.That(answer.Results, Is.Empty);
        Assert.That(answer.Problem, Is.EqualTo("The bytes are no request that this release knows: use the encoding of the same release."));
    }

    [Test]
    public void An_answer_without_a_reply_has_no_results_and_no_problem()
    {
        foreach (var bare in new Answer[] { new(Outcome.Unknown, Refusal.TimedOut, default, default), new(Outcome.Applied, Refusal.ReplyNotKept, Place, default) })
        {
            Assert.That(BatchAnswer.TryRead(bare, out var answer), Is.True);
            Assert.That((answer.Outcome, answer.Refusal, answer.Results.Count, answer.Problem), Is.EqualTo((bare.Outcome, bare.Refusal, 0, (string?)null)));
        }
    }

    [Test]
    public void No_bytes_make_the_reading_of_a_reply_throw()
    {
        var batch = new StoreBatch();
        batch.TrySet("k"u8, "text"u8);
        batch.TryGet("k"u8);
        batch.TryIncrement("n"u8, 7);
        var reply = new StoreHarness().Apply(batch.Command);
        for (var length = 0; length < reply.Length; length++)
            Assert.That(BatchAnswer.TryReadResults(reply.AsSpan(0, length), out _, out _), Is.False, $"{length} bytes");
        var random = new Random(3);
        var read = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = (byte[])reply.Clone();
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            read += BatchAnswer.TryReadResults(bytes, out _, out _) ? 1 : 0;
        }

        Assert.That(read, Is.InRange(1, 19_999));
    }
}

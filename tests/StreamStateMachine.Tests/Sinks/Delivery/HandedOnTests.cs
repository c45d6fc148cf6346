using System.Buffers;
using System.Text;
using RaftStream.StreamStateMachine.Tests.Jobs;

namespace RaftStream.StreamStateMachine.Tests.Sinks.Delivery;

/// <summary>Outputs that a node hands on, as the log has them: they wait until it says what became of them, and whoever does not lead any more says nothing of refusals.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class HandedOnTests
{
    private const string Sink = "hook";

    [Test]
    public void Outputs_wait_until_the_log_says_that_they_were_handed_on()
    {
        var job = New();
        job.Push("a", "b", "c", "d");
        Assert.That((job.Outputs(Sink), Place(job)), Is.EqualTo((new[] { "a", "b", "c", "d" }, (1, 5))));
        Assert.That(Acknowledge(job, 3), Is.EqualTo(JobProblem.None));
        Assert.That((job.Outputs(Sink), Place(job)), Is.EqualTo((new[] { "d" }, (4, 5))));
        Assert.That(Acknowledge(job, 2), Is.EqualTo(JobProblem.None), "one that comes late is as true as before");
        Assert.That(Place(job), Is.EqualTo((4, 5)), "and takes nothing back");
    }

    [Test]
    public void Nothing_is_acknowledged_that_was_not_given_out()
    {
        var job = New();
        job.Push("a");
        Assert.That(Acknowledge(job, 2), Is.EqualTo(JobProblem.NotFound));
        Assert.That(job.Apply(output => JobCommand.WriteAcknowledge(output, job.Job, 0, 1)).Problem, Is.EqualTo(JobProblem.NotFound), "the source is no sink");
        Assert.That(Place(job), Is.EqualTo((1, 2)));
    }

    [Test]
    public void What_is_refused_becomes_dead_letters_and_the_rest_goes_on_waiting()
    {
        var job = New();
        job.Push("a", "b", "c");
        Assert.That(Refuse(job, 1, 2, epoch: 1), Is.EqualTo(JobProblem.None));
        Assert.That((job.Outputs(Sink), Place(job)), Is.EqualTo((new[] { "c" }, (3, 4))));
        Assert.That(
            job.Letters().Select(static letter => (letter.Partition, letter.Output, letter.Reason, Text(letter), letter.IsReplayable)),
            Is.EqualTo(new[] { (Sink, 1L, "No.", "a", true), (Sink, 2L, "No.", "b", true) }));
    }

    [TestCase(2, 2, 1, JobProblem.NotFound, Description = "not the oldest")]
    [TestCase(1, 4, 1, JobProblem.NotFound, Description = "more than was given out")]
    [TestCase(1, 0, 1, JobProblem.NotFound, Description = "none")]
    [TestCase(1, 1, 2, JobProblem.Deposed, Description = "a node that leads later")]
    [TestCase(1, 1, 0, JobProblem.Deposed, Description = "a node that led before")]
    public void A_refusal_counts_only_of_the_oldest_and_from_the_node_that_leads(long from, long upTo, long epoch, object expected)
    {
        var job = New();
        job.Push("a", "b", "c");
        Assert.That(Refuse(job, from, upTo, epoch), Is.EqualTo((JobProblem)expected));
        Assert.That((job.Outputs(Sink).Count, job.Letters().Count), Is.EqualTo((3, 0)));
    }

    [Test]
    public void A_letter_that_is_replayed_is_handed_on_again_under_its_sequence_and_beside_the_others()
    {
        var job = New();
        job.Push("a", "b", "c");
        Refuse(job, 1, 1, epoch: 1);
        Assert.That(Replay(job, 1), Is.EqualTo(JobProblem.None));
        Assert.That((job.Letters(), job.Outputs(Sink), Place(job)), Is.EqualTo((Array.Empty<JobLetter>(), new[] { "b", "c" }, (2, 4))), "those that wait have no gap");
        Assert.That(job.Resends(Sink).Select(static one => (one.Sequence, one.Text)), Is.EqualTo(new[] { (1L, "a") }));
        Assert.That(Replay(job, 1), Is.EqualTo(JobProblem.NotFound), "once");

        Assert.That(Resent(job, 1, epoch: 1), Is.EqualTo(JobProblem.None));
        Assert.That((job.Resends(Sink).Count, job.Letters().Count), Is.EqualTo((0, 0)));
        Assert.That(Resent(job, 1, epoch: 1), Is.EqualTo(JobProblem.NotFound));
    }

    [Test]
    public void A_replay_that_is_refused_is_a_dead_letter_again()
    {
        var job = New();
        job.Push("a");
        Refuse(job, 1, 1, epoch: 1);
        Replay(job, 1);
        job.Term = 2;
        Assert.That(Resent(job, 1, epoch: 1, "No."), Is.EqualTo(JobProblem.Deposed));
        Assert.That(Resent(job, 1, epoch: 2, "Still no."), Is.EqualTo(JobProblem.None));
        var letter = job.Letters().Single();
        Assert.That((letter.Sequence, letter.Output, letter.Reason, Text(letter)), Is.EqualTo((2, 1, "Still no.", "a")));
        Assert.That((Replay(job, 2), job.Resends(Sink).Count), Is.EqualTo((JobProblem.None, 1)));
    }

    [Test]
    public void A_letter_that_is_replayed_or_discarded_is_gone_whichever_it_is()
    {
        var job = New();
        job.Push("a", "b", "c", "d");
        Refuse(job, 1, 4, epoch: 1);
        Replay(job, 2);
        job.Apply(output => JobCommand.WriteDiscard(output, job.Job, 1));
        Assert.That(job.Letters().Select(Text), Is.EqualTo(new[] { "c", "d" }));
        job.Apply(output => JobCommand.WriteDiscard(output, job.Job, 4));
        Assert.That((job.Letters().Select(Text), job.Instance.Context.Letters.Total), Is.EqualTo((new[] { "c" }, 4)), "the newest leaves its number");
        Assert.That((Replay(job, 1), Replay(job, 2), Replay(job, 4)), Is.EqualTo((JobProblem.NotFound, JobProblem.NotFound, JobProblem.NotFound)));
        Assert.That(job.Apply(output => JobCommand.WriteDiscard(output, job.Job, 4)).Problem, Is.EqualTo(JobProblem.NotFound), "its empty place is no letter");
    }

    [Test]
    public void A_letter_without_a_reason_is_a_letter()
    {
        var job = New();
        job.Push("a", "b");
        Refuse(job, 1, 1, epoch: 1, "");
        Refuse(job, 2, 2, epoch: 1);
        Assert.That((job.Letters().Count, Replay(job, 1)), Is.EqualTo((2, JobProblem.None)));
    }

    [Test]
    public void As_many_replays_wait_as_may()
    {
        var job = New();
        for (var i = 0; i <= JobResends.Most; i++)
        {
            job.Push($"{i}");
            Refuse(job, i + 1, i + 1, epoch: 1);
            Assert.That(Replay(job, i + 1), Is.EqualTo(i < JobResends.Most ? JobProblem.None : JobProblem.SinkFull));
        }
    }

    [Test]
    public void A_job_takes_no_records_while_as_many_outputs_wait_as_may()
    {
        var job = New(new() { MaxWaitingOutputs = 3 });
        job.Push("a", "b", "c");
        Assert.That(job.PushTo(0, "q", "d").Problem, Is.EqualTo(JobProblem.SinkFull));
        Assert.That(Acknowledge(job, 1), Is.EqualTo(JobProblem.None));
        Assert.That(job.PushTo(0, "r", "e").Problem, Is.EqualTo(JobProblem.None));
        Assert.That(job.Outputs(Sink), Is.EqualTo(new[] { "b", "c", "e" }));
    }

    [Test]
    public void A_state_that_is_full_does_not_keep_outputs_from_becoming_letters()
    {
        var job = New(new() { MaxStateBytes = 1 << 20 });
        var (count, text) = (0, new string('x', 16_000));
        while (job.PushTo(0, "p", text).Problem == JobProblem.None)
            count++;
        job.Apply(output => JobCommand.WriteRegister(output, job.Job, 0, [.. Enumerable.Range(0, 200).Select(static i => $"small-{i}")]));
        Assert.That(Refuse(job, 1, count, epoch: 1, new string('r', 200)), Is.EqualTo(JobProblem.None));
        Assert.That((job.Letters().Count, job.Outputs(Sink).Count), Is.EqualTo((count, 0)));
        Assert.That(job.Instance.Tree.Bytes, Is.GreaterThan((1 << 20) - 16_000), "the state was full");
    }

    [Test]
    public void A_state_that_is_full_has_room_for_an_output_that_takes_the_place_of_another()
    {
        var builder = new StreamBuilder("job", new() { MaxStateBytes = 1 << 16 });
        builder.Ingest("in").ToSubscription("newest", keep: 1, static text => text);
        var job = new JobHarness(builder.Build());
        var (first, second) = (new string('a', 40_000), new string('b', 40_000));
        job.Push(first);
        Assert.That(job.PushTo(0, "p", second).Problem, Is.EqualTo(JobProblem.None));
        Assert.That(job.Outputs("newest"), Is.EqualTo(new[] { second }));
        Assert.That(job.PushTo(0, "p", new string('c', 70_000)).Problem, Is.EqualTo(JobProblem.StateFull), "and for no larger one");
        Assert.That(job.Outputs("newest"), Is.EqualTo(new[] { second }), "which takes nothing out");
    }

    [Test]
    public void An_output_that_no_letter_could_hold_sets_its_record_aside()
    {
        var job = New();
        job.Push(new string('x', SinkOutlet.MaxOutputBytes), new string('y', SinkOutlet.MaxOutputBytes + 1));
        Assert.That((Place(job), job.Letters().Single().Reason), Is.EqualTo(((1, 2), "What 'hook' is to hand on takes 65537 bytes, and 65536 are the most.")));
    }

    [Test]
    public void Snapshots_hold_what_waits_and_what_was_refused()
    {
        var job = New();
        job.Push("a", "b", "c", "d");
        Acknowledge(job, 1);
        Refuse(job, 2, 3, epoch: 1);
        Replay(job, 1);
        job.Restart();
        Assert.That((job.Outputs(Sink), Place(job)), Is.EqualTo((new[] { "d" }, (4, 5))));
        Assert.That((job.Resends(Sink).Single().Text, job.Letters().Single().Output), Is.EqualTo(("b", 3)));
        job.Push("e");
        Assert.That(Place(job), Is.EqualTo((4, 6)));
    }

    [Test]
    public void The_commands_have_these_bytes()
    {
        var job = New().Job;
        Assert.That(Written(output => JobCommand.WriteAcknowledge(output, job, 1, 7)), Is.EqualTo((5, 36, new byte[] { 1, 7 })));
        Assert.That(Written(output => JobCommand.WriteRefuse(output, job, 1, 5, 7, 3, "no")), Is.EqualTo((8, 40, new byte[] { 1, 5, 7, 3, 0xa2, (byte)'n', (byte)'o' })));
        Assert.That(Written(output => JobCommand.WriteResent(output, job, 1, 5, 3, "")), Is.EqualTo((7, 41, new byte[] { 1, 5, 3, 0xa0 })));
    }

    [Test]
    public void Commands_that_are_cut_short_or_have_more_are_declined_and_change_nothing()
    {
        var job = New();
        job.Push("a");
        foreach (var write in new Action<IBufferWriter<byte>>[]
        {
            output => JobCommand.WriteAcknowledge(output, job.Job, 1, 1),
            output => JobCommand.WriteRefuse(output, job.Job, 1, 1, 1, 1, "no"),
            output => JobCommand.WriteResent(output, job.Job, 1, 1, 1, "no"),
        })
        {
            var whole = new ArrayBufferWriter<byte>();
            write(whole);
            for (var length = 1; length < whole.WrittenCount; length++)
            {
                // So short that it is none of a job's, it has the store's answer.
                var reply = (JobReply?)job.Apply(output => output.Write(whole.WrittenSpan[..length]));
                Assert.That(reply is null or { Problem: JobProblem.Malformed }, Is.True, $"{length} bytes");
            }

            Assert.That(job.Apply(output => output.Write((byte[])[.. whole.WrittenSpan, 1])).Problem, Is.EqualTo(JobProblem.Malformed));
        }

        Assert.That((job.Outputs(Sink).Count, job.Letters().Count), Is.EqualTo((1, 0)));
    }

    [Test]
    public void The_fingerprint_tells_the_sink_and_not_where_it_leads()
    {
        var here = Build(null, "http://user.test/secret?token=1");
        var there = Build(null, "https://other.test/");
        var console = new StreamBuilder("job");
        console.Ingest("in").ToConsole(Sink, static text => text);
        Assert.That(there.Fingerprint, Is.EqualTo(here.Fingerprint));
        Assert.That(console.Build().Fingerprint, Is.Not.EqualTo(here.Fingerprint));
        Assert.That(here.Describe(), Does.Contain("webhook 'hook' <- 'in' (kept until handed on)")
            .And.EndsWith("sink 'hook' posts to http://user.test: at least once, in order; once for a receiver that remembers sequence and epoch with what it does.\n")
            .And.Not.Contain("secret").And.Not.Contain("token"));
    }

    private static JobHarness New(JobOptions? options = null) => new(Build(options, "http://localhost/"));

    private static Job Build(JobOptions? options, string target)
    {
        var builder = new StreamBuilder("job", options);
        builder.Ingest("in").ToWebhook(Sink, new Uri(target), static text => text);
        return builder.Build();
    }

    private static (long First, long Next) Place(JobHarness job) => (job.Status().Sinks.Single().First, job.Status().Sinks.Single().Next);

    private static string Text(JobLetter letter) => Encoding.UTF8.GetString(letter.Bytes.Span);

    private static int IdOf(JobHarness job) => job.Job.Sinks.Single().Id;

    private static JobProblem Acknowledge(JobHarness job, long upTo) => job.Apply(output => JobCommand.WriteAcknowledge(output, job.Job, IdOf(job), upTo)).Problem;

    private static JobProblem Refuse(JobHarness job, long from, long upTo, long epoch, string reason = "No.") =>
        job.Apply(output => JobCommand.WriteRefuse(output, job.Job, IdOf(job), from, upTo, epoch, reason)).Problem;

    private static JobProblem Resent(JobHarness job, long sequence, long epoch, string reason = "") =>
        job.Apply(output => JobCommand.WriteResent(output, job.Job, IdOf(job), sequence, epoch, reason)).Problem;

    private static JobProblem Replay(JobHarness job, long letter) => job.Apply(output => JobCommand.WriteReplay(output, job.Job, letter)).Problem;

    /// <summary>The count of values, the opcode, and the bytes behind name and fingerprint.</summary>
    private static (int Count, int Opcode, byte[] Behind) Written(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        var reader = new Raft.Wire.MessagePackReader(output.WrittenSpan);
        Assert.That(reader.TryReadArrayHeader(out var count) & reader.TryReadUInt64(out var opcode) & reader.TryReadString(10, out var name) & reader.TryReadUInt64(out _), Is.True);
        Assert.That(name, Is.EqualTo("job"));
        return (count, (int)opcode, output.WrittenSpan[reader.Position..].ToArray());
    }
}

using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>
/// An ingest over a store instead of a cluster: the proposals are applied here, in the order and with the answers a test asks for.
/// </summary>
[TestFixture]
public sealed class IngestRunTests
{
    private static readonly PartitionName Name = new("job", "main");
    private static readonly BatchLimits Small = new(Words: 5, SourceBytes: 64);

    [Test]
    public async Task A_source_is_counted_whole_and_a_second_run_adds_nothing()
    {
        var store = new StoreHarness();
        var bytes = Texts.Random(new Random(1), 4_000);
        var expected = Texts.Counts(Texts.Expected(bytes));
        var report = await Run(store, bytes);
        Assert.That((report.Outcome, report.Message), Is.EqualTo((IngestOutcome.Complete, (string?)null)));
        Assert.That(report.WordsAdded, Is.EqualTo(expected.Values.Sum()));
        AssertPosition(report.Position, bytes);
        Assert.That(store.Top(10_000).Rows.ToDictionary(row => row.Key, row => row.Value, StringComparer.Ordinal), Is.EquivalentTo(expected));

        var again = await Run(store, bytes);
        Assert.That((again.Outcome, again.WordsAdded), Is.EqualTo((IngestOutcome.Complete, 0L)));
        AssertPosition(again.Position, bytes);
    }

    [Test]
    public async Task An_empty_source_is_complete_and_the_job_exists()
    {
        var store = new StoreHarness();
        var report = await Run(store, []);
        Assert.That((report.Outcome, report.WordsAdded, report.Position.Exists, report.Position.Offset), Is.EqualTo((IngestOutcome.Complete, 0L, true, 0L)));
        Assert.That(store.Job(Name).Epoch, Is.EqualTo(1));
    }

    [Test]
    public async Task Another_or_a_shorter_source_is_refused_and_counts_stay()
    {
        var store = new StoreHarness();
        var bytes = Encoding.UTF8.GetBytes("call me ishmael");
        await Run(store, bytes);
        foreach (var other in new[] { "Call me ishmael", "call", "" })
        {
            var report = await Run(store, Encoding.UTF8.GetBytes(other));
            Assert.That(report.Outcome, Is.EqualTo(IngestOutcome.DifferentSource));
            Assert.That(report.Message, Does.Contain("15 bytes").And.EndsWith("."));
            AssertPosition(report.Position, bytes);
        }

        Assert.That(store.Stats().Total, Is.EqualTo(3));
    }

    [Test]
    public async Task A_window_of_sixteen_proposals_is_in_flight_and_no_more()
    {
        var store = new StoreHarness();
        var bytes = Texts.Random(new Random(2), 4_000);
        var commands = Commands(bytes);
        var proposals = Channel.CreateUnbounded<TaskCompletionSource<Answer>>();
        var payloads = new Queue<byte[]>();
        var inFlight = new Gauge();
        var opened = false;
        var run = new IngestRun((command, _) =>
        {
            if (!opened)
            {
                opened = true;
                return new(Applied(store, command));
            }

            inFlight.Up();
            var answer = new TaskCompletionSource<Answer>();
            lock (payloads)
                payloads.Enqueue(command.ToArray());
            proposals.Writer.TryWrite(answer);
            return new(answer.Task);
        }, Name, Small).RunAsync(new MemoryStream(bytes), CancellationToken.None);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var waiting = new Queue<TaskCompletionSource<Answer>>();
        for (var answered = 0; answered < commands; answered++)
        {
            while (waiting.Count < Math.Min(IngestRun.Window, commands - answered))
                waiting.Enqueue(await proposals.Reader.ReadAsync(patience.Token));
            byte[] payload;
            lock (payloads)
                payload = payloads.Dequeue();
            inFlight.Down();
            waiting.Dequeue().SetResult(Applied(store, payload));
        }

        Assert.That(inFlight.Most, Is.EqualTo(IngestRun.Window));
        AssertPosition((await run).Position, bytes);
    }

    [Test]
    public async Task Being_taken_over_ends_the_run_as_superseded_and_the_other_run_completes()
    {
        var store = new StoreHarness();
        var bytes = Texts.Random(new Random(3), 2_000);
        var proposals = 0;
        var report = await Run(store, bytes, command =>
        {
            if (++proposals == 9)
                store.Open(Name);
            return Applied(store, command);
        });
        Assert.That(report.Outcome, Is.EqualTo(IngestOutcome.Superseded));
        Assert.That(report.Message, Does.EndWith("."));
        Assert.That(report.Position.Offset, Is.GreaterThan(0).And.LessThan(bytes.Length));
        Assert.That(report.WordsAdded, Is.EqualTo(report.Position.Words));

        var other = await Run(store, bytes);
        Assert.That(other.Outcome, Is.EqualTo(IngestOutcome.Complete));
        Assert.That(store.Top(10_000).Rows.ToDictionary(row => row.Key, row => row.Value, StringComparer.Ordinal), Is.EquivalentTo(Texts.Counts(Texts.Expected(bytes))));
    }

    [TestCase(Outcome.Rejected, Refusal.NotLeader)]
    [TestCase(Outcome.Rejected, Refusal.Overloaded)]
    [TestCase(Outcome.Unknown, Refusal.LostLeadership)]
    public async Task A_proposal_that_is_not_applied_ends_the_run_and_the_next_one_goes_on(Outcome outcome, Refusal refusal)
    {
        for (var bad = 1; bad < 40; bad += 4)
        {
            var store = new StoreHarness();
            var bytes = Texts.Random(new Random(4), 1_500);
            var proposals = 0;
            var report = await Run(store, bytes, command =>
            {
                if (++proposals != bad)
                    return Applied(store, command);
                if (outcome == Outcome.Unknown)
                    store.Apply(command);
                return new(outcome, refusal, default, default);
            });
            Assert.That(report.Outcome, Is.EqualTo(IngestOutcome.NotLeader), $"proposal {bad}");
            Assert.That(report.Message, Does.Contain($"{refusal}").And.EndsWith("."));
            Assert.That((await Run(store, bytes)).Outcome, Is.EqualTo(IngestOutcome.Complete));
            Assert.That(store.Top(10_000).Rows.ToDictionary(row => row.Key, row => row.Value, StringComparer.Ordinal), Is.EquivalentTo(Texts.Counts(Texts.Expected(bytes))), $"proposal {bad}");
        }
    }

    [Test]
    public async Task A_sum_beyond_64_bits_is_told_as_declined()
    {
        var store = new StoreHarness();
        store.Add("whale", long.MaxValue);
        var report = await Run(store, Encoding.UTF8.GetBytes("a a a a a a a whale"));
        Assert.That(report.Outcome, Is.EqualTo(IngestOutcome.Declined));
        Assert.That(report.Message, Does.Contain("64 bits"));
        Assert.That(store.Get("a").Value, Is.EqualTo(5), "the first batch stays");
    }

    [Test]
    public void A_cancelled_run_throws_once_its_proposals_are_answered()
    {
        var store = new StoreHarness();
        using var cancel = new CancellationTokenSource();
        var proposals = 0;
        var run = new IngestRun((command, _) =>
        {
            if (++proposals == 7)
                cancel.Cancel();
            return new(proposals < 7 ? Applied(store, command) : new(Outcome.Unknown, Refusal.TimedOut, default, default));
        }, Name, Small);
        Assert.That(async () => await run.RunAsync(new MemoryStream(Texts.Random(new Random(5), 2_000)), cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(proposals, Is.EqualTo(7), "nothing is proposed after the cancellation");
        var early = new IngestRun((_, _) => new(new Answer(Outcome.Unknown, Refusal.TimedOut, default, default)), Name, Small);
        Assert.That(async () => await early.RunAsync(Stream.Null, cancel.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void A_source_that_cannot_be_read_ends_the_run_with_its_own_exception()
    {
        var store = new StoreHarness();
        var run = new IngestRun((command, _) => new(Applied(store, command)), Name, Small);
        Assert.That(async () => await run.RunAsync(new BrokenStream(), CancellationToken.None), Throws.TypeOf<IOException>());
        Assert.That(store.Job(Name).Words, Is.GreaterThan(0), "what was read before is counted");
    }

    private static Task<IngestReport> Run(StoreHarness store, byte[] source, Func<ReadOnlyMemory<byte>, Answer>? propose = null) =>
        new IngestRun((command, _) => new(propose is null ? Applied(store, command) : propose(command)), Name, Small)
            .RunAsync(new MemoryStream(source), CancellationToken.None);

    private static Answer Applied(StoreHarness store, ReadOnlyMemory<byte> command) => new(Outcome.Applied, Refusal.None, default, store.Apply(command));

    private static void AssertPosition(JobPosition position, byte[] source)
    {
        Assert.That((position.Exists, position.Offset), Is.EqualTo((true, (long)source.Length)));
        Assert.That(position.PrefixSha256.ToArray(), Is.EqualTo(SHA256.HashData(source)));
    }

    /// <summary>How many commands a source makes.</summary>
    private static int Commands(byte[] source)
    {
        using var reader = new WordCountReader(new(Name, 1, 0, StoreLimits.EmptySha256.ToArray()), Small);
        var (count, at) = (0, 0);
        while (reader.State != ReaderState.Complete)
        {
            at += reader.Push(source.AsSpan(at), true);
            if (!reader.HasCommand)
                continue;
            reader.Take(new ArrayBufferWriter<byte>());
            count++;
        }

        return count;
    }

    private sealed class Gauge
    {
        private readonly Lock _lock = new();
        private int _now;

        public int Most { get; private set; }

        public void Up()
        {
            lock (_lock)
                Most = Math.Max(Most, ++_now);
        }

        public void Down()
        {
            lock (_lock)
                _now--;
        }
    }

    private sealed class BrokenStream : MemoryStream
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_reads++ > 0)
                throw new IOException("The medium is gone.");
            buffer.Span[..1_000].Fill((byte)' ');
            buffer.Span[100] = (byte)'x';
            return new(1_000);
        }
    }
}

using System.Buffers;
using RaftStream.Raft.Core;
using RaftStream.Raft.Log;
using RaftStream.Raft.Tests.Log;
using RaftStream.Raft.Wire;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>The checkers can fail: each is shown what it must not let pass.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CheckerTests : IDisposable
{
    private readonly Simulation _simulation = new(new() { Seed = 1 });

    public void Dispose() => _simulation.Dispose();

    [Test]
    public void Two_contents_at_one_index_and_term_break_log_matching()
    {
        _simulation.Checker.OnWritten(LogBench.At(5, 2), 77);
        _simulation.Checker.OnWritten(LogBench.At(5, 2), 77);
        _simulation.Checker.OnWritten(LogBench.At(5, 3), 78);
        AssertBroken("LogMatching", () => _simulation.Checker.OnWritten(LogBench.At(5, 2), 79));
    }

    [TestCase(MessageKind.AppendReply, "AckAfterSync")]
    [TestCase(MessageKind.VoteReply, "VotePersistence")]
    [TestCase(MessageKind.Vote, "VotePersistence")]
    public void A_word_that_leaves_before_its_sync_is_seen(MessageKind kind, string invariant)
    {
        var frame = new byte[PeerFrame.MessageSize];
        PeerFrame.WriteMessage(frame, new() { Kind = kind, From = new(1), To = new(2), Term = new(1), Position = LogBench.At(5, 1), Accepted = true });
        AssertBroken(invariant, () => _simulation.Checker.Promises.OnSent(_simulation.Nodes[0], new(2), frame));
    }

    [Test]
    public void A_frame_that_cannot_be_read_is_seen() =>
        AssertBroken("SoundMessages", () => _simulation.Checker.Promises.OnSent(_simulation.Nodes[0], new(2), new byte[] { 1, 2, 3 }));

    [Test]
    public void Applying_what_nobody_committed_is_seen() =>
        AssertBroken("StateMachineSafety", () => _simulation.Checker.OnApplied(_simulation.Nodes[0], new(LogBench.At(1, 1), 0, default), 1));

    [Test]
    public void A_session_command_applied_twice_or_after_it_was_surely_refused_is_seen()
    {
        var oracle = new SessionOracle();
        oracle.OnApplied(SessionAdd(5, delta: 70));
        oracle.OnApplied(SessionAdd(6, delta: 71));
        AssertBroken("ExactlyOnceSession", () => oracle.OnApplied(SessionAdd(7, delta: 70)));
        AssertBroken("ExactlyOnceSession", () => oracle.OnRejected(71));
        oracle.OnRejected(72);
        AssertBroken("ExactlyOnceSession", () => oracle.OnApplied(SessionAdd(8, delta: 72)));
    }

    [Test]
    public void An_answer_to_a_session_command_that_was_not_applied_or_not_there_or_made_something_else_is_seen()
    {
        var oracle = new SessionOracle();
        oracle.OnApplied(SessionAdd(5, delta: 70));
        oracle.OnAnswered(70, Reply(5, 70));
        AssertBroken("ExactlyOnceSession", () => oracle.OnAnswered(71, Reply(5, 71)));
        AssertBroken("SessionReply", () => oracle.OnAnswered(70, Reply(6, 70)));
        AssertBroken("SessionReply", () => oracle.OnAnswered(70, Reply(5, 140)));

        static Answer Reply(long index, long value)
        {
            var bytes = new ArrayBufferWriter<byte>();
            var writer = new MessagePackWriter(bytes);
            writer.WriteArrayHeader(4);
            writer.Write(0);
            writer.Write(value);
            writer.Write(true);
            writer.Write(true);
            return new(Outcome.Applied, Refusal.None, LogBench.At(index, 1), bytes.WrittenMemory);
        }
    }

    [Test]
    public void Two_states_at_one_index_are_seen()
    {
        var checker = new StateChecker();
        checker.OnState(new(1), new(5), 77);
        checker.OnState(new(2), new(5), 77);
        AssertBroken("EqualState", () => checker.OnState(new(3), new(5), 78));
    }

    [Test]
    public void Two_snapshots_with_other_bytes_at_one_position_are_seen()
    {
        var checker = new StateChecker();
        var (first, second) = (_simulation.Nodes[0], _simulation.Nodes[1]);
        Put(first, 1);
        Put(second, 2);
        checker.OnSnapshot(first, LogBench.At(5, 1));
        checker.OnSnapshot(first, LogBench.At(5, 1));
        AssertBroken("SnapshotBytes", () => checker.OnSnapshot(second, LogBench.At(5, 1)));

        static void Put(SimNode node, int length)
        {
            using var store = SnapshotStore.Open(node.Disk);
            SnapshotStoreTests.Write(store, LogBench.At(5, 1), SnapshotStoreTests.StateOf(length));
        }
    }

    [Test]
    public void A_read_that_misses_what_was_acknowledged_or_read_before_is_stale()
    {
        var oracle = new CounterOracle(new VirtualTime());
        oracle.Invoke(5);
        oracle.Complete(5, Outcome.Applied);
        AssertBroken("Linearizable", () => oracle.Read("a", oracle.Floor, 4));
        oracle.Invoke(3);
        oracle.Complete(3, Outcome.Unknown);
        oracle.Read("a", oracle.Floor, 5);
        oracle.Read("a", oracle.Floor, 8);
        AssertBroken("Linearizable", () => oracle.Read("a", oracle.Floor, 5));
    }

    [Test]
    public void A_read_of_more_than_anybody_added_is_invented()
    {
        var oracle = new CounterOracle(new VirtualTime());
        oracle.Invoke(5);
        oracle.Invoke(2);
        oracle.Complete(2, Outcome.Rejected);
        oracle.Read("a", 0, 5);
        AssertBroken("Linearizable", () => oracle.Read("a", 0, 6));
    }

    [Test]
    public void A_read_may_miss_what_was_acknowledged_after_it_began()
    {
        var oracle = new CounterOracle(new VirtualTime());
        var floor = oracle.Floor;
        oracle.Invoke(5);
        oracle.Complete(5, Outcome.Applied);
        Assert.That(() => oracle.Read("a", floor, 0), Throws.Nothing);
    }

    [Test]
    public void The_text_counts_its_words_as_a_plain_count_over_the_decoded_text_does()
    {
        var source = new TextSource(new SimRandom(3));
        for (var part = 0; part < 20; part++)
        {
            source.Grow(500);
            var counted = source.CountsUpTo(source.Bytes.Length);
            var plain = new Dictionary<string, long>(StringComparer.Ordinal);
            var word = new System.Text.StringBuilder();
            foreach (var letter in System.Text.Encoding.UTF8.GetString(source.Bytes) + " ")
            {
                if (char.IsLetterOrDigit(letter) || letter == '_')
                {
                    word.Append(char.ToLowerInvariant(letter));
                }
                else if (word.Length > 0)
                {
                    plain[word.ToString()] = plain.GetValueOrDefault(word.ToString()) + 1;
                    word.Clear();
                }
            }

            Assert.That(counted, Is.EquivalentTo(plain));
        }
    }

    private static Command SessionAdd(long index, long delta)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(bytes);
        writer.WriteArrayHeader(3);
        writer.Write(1);
        writer.WriteString(SessionOracle.KeyOf(1));
        writer.Write(delta);
        return new(LogBench.At(index, 1), 0, bytes.WrittenMemory);
    }

    private static void AssertBroken(string invariant, Action act) =>
        Assert.That(() => act(), Throws.TypeOf<ViolationException>().With.Property(nameof(ViolationException.Invariant)).EqualTo(invariant));
}

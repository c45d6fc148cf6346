using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Machine;

/// <summary>Commands under idempotency keys, through the whole replicated state.</summary>
internal sealed class KeyedTableTests
{
    private const long Retention = 1_000;

    private static readonly SessionLimits Small = SessionLimits.Default with { KeyRetention = Retention, MaxKeys = 3 };

    [Test]
    public void The_same_command_under_a_key_is_run_once_and_answered_as_the_first_time()
    {
        var bench = new SessionBench(Small);
        var first = bench.Do(1, 10, Keyed("a", 1));
        var again = bench.Do(2, 20, Keyed("a", 1));
        var other = bench.Do(3, 30, Keyed("b", 1));
        Assert.That((first.Outcome, first.Position, Text(first)), Is.EqualTo((Outcome.Applied, LogBench.At(1, 1), "0101010101")));
        Assert.That(Told(again), Is.EqualTo(Told(first)));
        Assert.That(other.Position, Is.EqualTo(LogBench.At(3, 1)), "the key is what counts, not the command");
        Assert.That(bench.Machine.Ran, Has.Count.EqualTo(2));
    }

    [Test]
    public void Both_attempts_in_one_batch_get_the_one_reply()
    {
        var bench = new SessionBench(Small);
        bench.Add(EntryKind.Session, LogBench.At(1, 1), 10, Keyed("a", 1));
        bench.Add(EntryKind.Session, LogBench.At(2, 1), 10, Keyed("a", 1));
        bench.Add(EntryKind.Session, LogBench.At(3, 1), 10, Keyed("a", 2));
        var answers = bench.Flush();
        Assert.That(Told(answers[1]), Is.EqualTo(Told(answers[0])));
        Assert.That(Told(answers[2]), Is.EqualTo((Outcome.Rejected, Refusal.IdempotencyKeyReused, LogBench.At(3, 1), "")));
        Assert.That((bench.Machine.Batches, bench.Machine.Ran.Count), Is.EqualTo((1, 1)));
    }

    [Test]
    public void Another_command_under_a_known_key_is_refused_and_the_first_is_still_known()
    {
        var bench = new SessionBench(Small);
        var first = bench.Do(1, 10, Keyed("a", 1));
        Assert.That(bench.Do(2, 20, Keyed("a", 2)).Refusal, Is.EqualTo(Refusal.IdempotencyKeyReused));
        Assert.That(Told(bench.Do(3, 30, Keyed("a", 1))), Is.EqualTo(Told(first)));
        Assert.That(bench.Machine.Ran, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_key_is_known_for_exactly_its_time_after_the_first_attempt()
    {
        var bench = new SessionBench(Small);
        bench.Do(1, 10, Keyed("a", 1));
        bench.Do(2, 500, Keyed("a", 1));
        Assert.That(bench.Do(3, 10 + Retention - 1, Keyed("a", 1)).Position, Is.EqualTo(LogBench.At(1, 1)), "a repetition does not make it longer, and it is not shorter");
        Assert.That(bench.Do(4, 10 + Retention, Keyed("a", 2)).Position, Is.EqualTo(LogBench.At(4, 1)));
        Assert.That(bench.Machine.Ran, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_key_whose_time_ends_in_the_batch_in_which_it_came_leaves_nothing_behind()
    {
        var bench = new SessionBench(Small);
        bench.Add(EntryKind.Session, LogBench.At(1, 1), 10, Keyed("a", 1));
        bench.Add(EntryKind.Session, LogBench.At(2, 1), 10 + Retention, Keyed("b", 1));
        bench.Add(EntryKind.SnapshotPoint, LogBench.At(3, 1), 10 + (2 * Retention), []);
        Assert.That(bench.Flush().Select(static answer => (answer.Outcome, Text(answer))), Is.All.EqualTo((Outcome.Applied, "0101010101")));
        Assert.That((bench.State.Keys.Count, bench.State.Keys.Charge, bench.State.Keys.Hash, bench.State.Hash), Is.EqualTo((0, 0L, 0UL, bench.Machine.StateHash)));
    }

    [Test]
    public void A_full_table_refuses_new_keys_answers_known_ones_and_forgets_none_before_its_time()
    {
        var bench = new SessionBench(Small);
        for (var index = 1; index <= 3; index++)
            bench.Do(index, index, Keyed($"{index}", index));
        Assert.That(bench.Do(4, 4, Keyed("4", 4)).Refusal, Is.EqualTo(Refusal.IdempotencyTableFull));
        Assert.That(bench.Do(5, Retention, Keyed("1", 1)).Position, Is.EqualTo(LogBench.At(1, 1)));
        Assert.That(bench.Do(6, 1 + Retention, Keyed("4", 4)).Position, Is.EqualTo(LogBench.At(6, 1)));
        Assert.That(bench.Machine.Ran, Has.Count.EqualTo(4));
    }

    [Test]
    public void Replies_count_as_bytes_wherever_a_batch_ends()
    {
        var limits = Small with { MaxKeys = 100, MaxKeyBytes = (2 * SessionLimits.KeyOverhead) + 50, MaxKeyReplyBytes = 40 };
        var (one, many) = (new SessionBench(limits), new SessionBench(limits));
        var alone = new List<string>();
        for (var index = 1; index <= 6; index++)
        {
            var entry = Keyed($"{index}", index, length: 40);
            alone.Add($"{Told(one.Do(index, index, entry))}");
            many.Add(EntryKind.Session, LogBench.At(index, 1), index, entry);
        }

        Assert.That(many.Flush().Select(static answer => $"{Told(answer)}"), Is.EqualTo(alone));
        Assert.That(alone.Count(static told => told.Contains("IdempotencyTableFull", StringComparison.Ordinal)), Is.EqualTo(4), "the replies of two are what fills it");
        Assert.That(many.State.Hash, Is.EqualTo(one.State.Hash));
    }

    [Test]
    public void Of_a_reply_that_is_too_large_only_the_fact_is_kept()
    {
        var bench = new SessionBench(Small with { MaxKeyReplyBytes = 40 });
        var first = bench.Do(1, 1, Keyed("a", 1, length: 41));
        Assert.That((first.Refusal, first.Reply.Length), Is.EqualTo((Refusal.None, 41)));
        Assert.That(Told(bench.Do(2, 2, Keyed("a", 1, length: 41))), Is.EqualTo((Outcome.Applied, Refusal.ReplyNotKept, LogBench.At(1, 1), "")));
        Assert.That(bench.Do(3, 3, Keyed("b", 2, length: 40)).Refusal, Is.EqualTo(Refusal.None));
        Assert.That(bench.Do(4, 4, Keyed("b", 2, length: 40)).Reply.Length, Is.EqualTo(40));
    }

    [Test]
    public void Random_histories_are_answered_as_a_plain_model_answers_them_whatever_the_runs()
    {
        var seen = new Dictionary<Refusal, int>();
        for (var seed = 1UL; seed <= 100; seed++)
            RunAgainstTheModel(seed, seen);
        Refusal[] mustHappen = [Refusal.None, Refusal.IdempotencyKeyReused, Refusal.IdempotencyTableFull, Refusal.ReplyNotKept];
        Assert.That(mustHappen.Where(refusal => seen.GetValueOrDefault(refusal) < 20), Is.Empty, "these hardly happened");
    }

    [Test]
    public void Damage_in_a_snapshot_is_refused_or_seen_in_the_hash()
    {
        var bench = new SessionBench(Small);
        bench.Do(1, 10, Keyed("a", 1));
        bench.Do(2, 20, Keyed("b", 2));
        var snapshot = bench.Snapshot();
        var start = bench.State.Terms.ToBytes().Length + bench.State.Outboxes.ToBytes().Length;
        var length = KeyedSnapshot.StartSize + (2 * (KeyedSnapshot.KeySize + 5));
        var refused = 0;
        for (var at = start; at < start + length; at++)
        {
            foreach (var bit in new byte[] { 1, 128 })
            {
                var damaged = snapshot.ToArray();
                damaged[at] ^= bit;
                var copy = new SessionBench(Small);
                try
                {
                    copy.Restore(damaged);
                    Assert.That(copy.State.Hash, Is.Not.EqualTo(bench.State.Hash), $"the hash shows what the ranges do not, at byte {at}");
                }
                catch (InvalidDataException sentence)
                {
                    Assert.That(sentence.Message, Does.EndWith("."));
                    refused++;
                }
            }
        }

        Assert.That(refused, Is.GreaterThan(40), "the start alone has 32 of them");
        for (var end = start; end < start + length; end++)
            Assert.That(() => new SessionBench(Small).Restore(snapshot[..end]), Throws.TypeOf<InvalidDataException>(), $"{end} bytes");
    }

    [Test]
    public void A_snapshot_of_a_key_that_stands_there_twice_or_of_too_many_is_refused()
    {
        var bench = new SessionBench(Small);
        bench.Do(1, 10, Keyed("a", 1));
        bench.Do(2, 20, Keyed("b", 2));
        var snapshot = bench.Snapshot();
        var first = bench.State.Terms.ToBytes().Length + bench.State.Outboxes.ToBytes().Length + KeyedSnapshot.StartSize;
        snapshot.AsSpan(first, 16).CopyTo(snapshot.AsSpan(first + KeyedSnapshot.KeySize + 5));
        Assert.That(() => new SessionBench(Small).Restore(snapshot), Throws.TypeOf<InvalidDataException>().With.Message.Contains("twice"));
        Assert.That(() => new SessionBench(Small with { MaxKeys = 1 }).Restore(bench.Snapshot()), Throws.TypeOf<InvalidDataException>().With.Message.Contains("number"));
    }

    [Test]
    public void An_entry_reads_back_and_nothing_else_is_one()
    {
        var bytes = new KeyedEntry(new("a")).ToBytes([1, 2, 3]);
        Assert.That(KeyedEntry.TryRead(bytes, out var entry), Is.True);
        Assert.That((entry.Key, bytes[KeyedEntry.HeaderSize..]), Is.EqualTo((new IdempotencyKey("a"), new byte[] { 1, 2, 3 })));
        Assert.That(Convert.ToHexString(bytes), Is.EqualTo("0500000000000000CA978112CA1BBDCAFAC231B39A23DC4D010203"), "the format is as it is documented");
        Assert.That((SessionEntry.TryRead(bytes, out _), OutboxEntry.TryRead(bytes, out _)), Is.EqualTo((false, false)));
        Assert.That(KeyedEntry.TryRead(bytes.AsSpan(0, KeyedEntry.HeaderSize - 1), out _), Is.False);
        bytes[3] = 1;
        Assert.That(KeyedEntry.TryRead(bytes, out _), Is.False);
        Assert.That(() => new IdempotencyKey(""), Throws.ArgumentException);
        Assert.That(() => new IdempotencyKey(new string('k', IdempotencyKey.MaxLength + 1)), Throws.ArgumentException);
    }

    private static void RunAgainstTheModel(ulong seed, Dictionary<Refusal, int> seen)
    {
        var random = new SimRandom(seed);
        var limits = SessionLimits.Default with
        {
            KeyRetention = random.Between(1, 200),
            MaxKeys = random.Between(1, 30),
            MaxKeyBytes = random.Chance(0.5) ? random.Between(200, 2_000) : 1_000_000,
            MaxKeyReplyBytes = random.Between(5, 60),
        };
        var (one, many) = (new SessionBench(limits), new SessionBench(limits));
        var model = new List<(string Key, byte[] Command, long Time, Answer Answer)>();
        var (expected, actual) = (new List<string>(), new List<string>());
        var time = 0L;
        for (var index = 1L; index <= 400; index++)
        {
            time += random.Below(6);
            if (random.Chance(0.05))
            {
                one.Add(EntryKind.SnapshotPoint, LogBench.At(index, 1), time, []);
                many.Add(EntryKind.SnapshotPoint, LogBench.At(index, 1), time, []);
                one.Flush();
                actual.AddRange(many.Flush().Select(static answer => $"{Told(answer)}"));
                Assert.That((many.State.Hash, many.State.Keys.Charge), Is.EqualTo((one.State.Hash, one.State.Keys.Charge)), $"seed {seed}, index {index}");
                var snapshot = many.Snapshot();
                Assert.That(one.Snapshot(), Is.EqualTo(snapshot), $"seed {seed}, index {index}");
                many = new(limits);
                many.Restore(snapshot, random);
                Assert.That((many.State.Hash, many.State.Keys.Charge, many.State.Keys.Count), Is.EqualTo((one.State.Hash, one.State.Keys.Charge, one.State.Keys.Count)), $"seed {seed}, index {index}");
                continue;
            }

            var (key, command) = ($"{random.Below(40)}", ChainMachine.Command(random.Below(3), random.Below(70)));
            var told = Told(limits, model, key, command, LogBench.At(index, 1), time);
            seen[told.Refusal] = seen.GetValueOrDefault(told.Refusal) + 1;
            expected.Add($"{Told(told)}");
            var entry = new KeyedEntry(new(key)).ToBytes(command);
            Assert.That($"{Told(one.Do(index, time, entry))}", Is.EqualTo(expected[^1]), $"seed {seed}, index {index}");
            many.Add(EntryKind.Session, LogBench.At(index, 1), time, entry);
            if (random.Chance(0.1))
                actual.AddRange(many.Flush().Select(static answer => $"{Told(answer)}"));
        }

        actual.AddRange(many.Flush().Select(static answer => $"{Told(answer)}"));
        Assert.That(actual, Is.EqualTo(expected), $"seed {seed}");
    }

    /// <summary>What an entry is answered, by the rules as they are written down and with no regard to cost.</summary>
    private static Answer Told(SessionLimits limits, List<(string Key, byte[] Command, long Time, Answer Answer)> model, string key, byte[] command, LogPosition position, long time)
    {
        model.RemoveAll(known => time - known.Time >= limits.KeyRetention);
        var place = model.FindIndex(known => known.Key == key);
        if (place >= 0)
            return model[place].Command.AsSpan().SequenceEqual(command) ? model[place].Answer : new(Outcome.Rejected, Refusal.IdempotencyKeyReused, position, default);
        if (model.Count >= limits.MaxKeys || model.Sum(static known => (long)SessionLimits.KeyOverhead + known.Answer.Reply.Length) >= limits.MaxKeyBytes)
            return new(Outcome.Rejected, Refusal.IdempotencyTableFull, position, default);
        var reply = ChainMachine.ReplyTo(command);
        var isKept = reply.Length <= limits.MaxKeyReplyBytes;
        model.Add((key, command, time, new(Outcome.Applied, isKept ? Refusal.None : Refusal.ReplyNotKept, position, isKept ? reply : default(ReadOnlyMemory<byte>))));
        return new(Outcome.Applied, Refusal.None, position, reply);
    }

    private static byte[] Keyed(string key, long number, int length = 5) => new KeyedEntry(new(key)).ToBytes(ChainMachine.Command(number, length));

    private static (Outcome Outcome, Refusal Refusal, LogPosition Position, string Reply) Told(Answer answer) => (answer.Outcome, answer.Refusal, answer.Position, Text(answer));

    private static string Text(Answer answer) => Convert.ToHexString(answer.Reply.Span);
}

using System.Buffers;
using System.Security.Cryptography;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class CountingStoreTests
{
    private static readonly PartitionName Name = new("job", "main");

    [Test]
    public void Random_commands_leave_what_a_dictionary_holds_and_reply_what_it_says()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var store = new StoreHarness();
            var model = new Dictionary<string, long>(StringComparer.Ordinal);
            for (var step = 0; step < 400; step++)
            {
                var key = $"key {random.Next(12)}";
                var exists = model.TryGetValue(key, out var value);
                var number = Number(random);
                switch (random.Next(4))
                {
                    case 0:
                        var sum = (Int128)value + number;
                        var fits = sum >= long.MinValue && sum <= long.MaxValue;
                        var added = fits ? new CounterReply(StoreProblem.None, (long)sum, true, true) : new(StoreProblem.Overflow, value, exists, true);
                        Assert.That(store.Add(key, number), Is.EqualTo(added), $"seed {seed}, step {step}");
                        if (fits)
                            model[key] = (long)sum;
                        break;
                    case 1:
                        long? expected = random.Next(3) switch { 0 => null, 1 => exists ? value : 0, _ => number };
                        var matches = expected == (exists ? value : null);
                        var set = matches ? new CounterReply(StoreProblem.None, number, true, true) : new(StoreProblem.None, value, exists, false);
                        Assert.That(store.CompareAndSet(key, expected, number), Is.EqualTo(set), $"seed {seed}, step {step}");
                        if (matches)
                            model[key] = number;
                        break;
                    case 2:
                        Assert.That(store.Delete(key), Is.EqualTo(new CounterReply(StoreProblem.None, value, false, true)), $"seed {seed}, step {step}");
                        model.Remove(key);
                        break;
                    default:
                        Assert.That(store.Get(key), Is.EqualTo(new CounterReply(StoreProblem.None, value, exists, true)), $"seed {seed}, step {step}");
                        break;
                }
            }

            AssertTop(store, model);
        }
    }

    [Test]
    public void A_total_beyond_64_bits_is_told_as_the_largest_number()
    {
        var store = new StoreHarness();
        store.Add("a", long.MaxValue);
        store.Add("b", long.MaxValue);
        Assert.That(store.Top(1).Total, Is.EqualTo(long.MaxValue));
        store.Add("c", long.MinValue);
        Assert.That(store.Top(1).Total, Is.EqualTo(long.MaxValue - 1));
    }

    [Test]
    public void Bytes_that_are_no_command_are_declined_and_change_nothing()
    {
        var store = new StoreHarness();
        store.Add("there", 7);
        store.Open(Name);
        var (hash, snapshot) = (store.Hash, store.Snapshot());
        var random = new Random(11);
        var good = new[]
        {
            StoreHarness.Bytes(output => StoreCommand.WriteAdd(output, "k"u8, 1)), StoreHarness.Bytes(output => StoreCommand.WriteCompareAndSet(output, "k"u8, null, 1)),
            StoreHarness.Bytes(output => StoreCommand.WriteDelete(output, "there"u8)), StoreHarness.Bytes(output => StoreCommand.WriteOpenPartition(output, Name)),
            StoreHarness.AdvanceBytes(Name, 1, 0, 10, [("a", 1), ("b", 2)], 3, [new(1, 2, "x")]),
        };
        foreach (var command in good)
        {
            for (var length = 0; length < command.Length; length++)
                AssertDeclined(store.Apply(command.AsMemory(0, length)));
            AssertDeclined(store.Apply((byte[])[.. command, 0xC0]));
        }

        for (var round = 0; round < 50_000; round++)
        {
            var bytes = new byte[random.Next(60)];
            random.NextBytes(bytes);
            AssertDeclined(store.Apply(bytes));
        }

        Assert.That(store.Hash, Is.EqualTo(hash));
        Assert.That(store.Snapshot(), Is.EqualTo(snapshot));
    }

    [Test]
    public void Commands_with_flipped_bits_never_throw_and_leave_the_hash_true_to_the_state()
    {
        var random = new Random(12);
        for (var round = 0; round < 3_000; round++)
        {
            var store = new StoreHarness();
            store.Open(Name);
            var command = StoreHarness.AdvanceBytes(Name, 1, 0, 10, [("a", 1), ("bb", 2), ("ccc", long.MaxValue)], 3, [new(1, 2, "x"), new(5, 5, "yy")]);
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                command[random.Next(command.Length)] ^= (byte)(1 << random.Next(8));
            store.Apply(command);
            var copy = new StoreHarness();
            copy.Restore(store.Snapshot());
            Assert.That(copy.Hash, Is.EqualTo(store.Hash));
        }
    }

    [Test]
    public void Keys_have_1_to_4096_bytes_of_utf8()
    {
        var store = new StoreHarness();
        Assert.That(store.Add(new string('k', 4_096), 1).Problem, Is.EqualTo(StoreProblem.None));
        Assert.That(store.Add(new string('k', 4_097), 1).Problem, Is.EqualTo(StoreProblem.InvalidKey));
        Assert.That(store.Add("", 1).Problem, Is.EqualTo(StoreProblem.InvalidKey));
        Assert.That(CounterReply.TryRead(store.Apply(StoreHarness.Bytes(output => StoreCommand.WriteAdd(output, [0xC3, 0x28], 1))), out var reply), Is.True);
        Assert.That(reply.Problem, Is.EqualTo(StoreProblem.InvalidKey));
        Assert.That(store.Stats().Distinct, Is.EqualTo(1));
    }

    [Test]
    public void A_full_store_declines_new_keys_and_serves_the_ones_it_has()
    {
        var store = new StoreHarness(new CountingStore(new CountTable(2, 1_000)));
        store.Open(Name);
        store.Add("a", 1);
        store.Add("b", 1);
        Assert.That(store.Add("c", 1).Problem, Is.EqualTo(StoreProblem.Full));
        Assert.That(store.CompareAndSet("c", null, 1).Problem, Is.EqualTo(StoreProblem.Full));
        var hash = store.Hash;
        Assert.That(store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 5, [("a", 1), ("c", 1)])).Problem, Is.EqualTo(StoreProblem.Full));
        Assert.That(store.Hash, Is.EqualTo(hash), "the change that would fit is not made either");
        Assert.That(store.Add("a", 1).Value, Is.EqualTo(2));
        store.Delete("b");
        Assert.That(store.Add("c", 1).Problem, Is.EqualTo(StoreProblem.None));
    }

    [Test]
    public void Names_are_checked_where_they_enter_the_log()
    {
        var store = new StoreHarness();
        foreach (var name in new[] { "", "a\nb", "\u0085", new string('n', 201) })
        {
            Assert.That(store.Open(new(name, "main")).Problem, Is.EqualTo(StoreProblem.InvalidName));
            Assert.That(store.Open(new("job", name)).Problem, Is.EqualTo(StoreProblem.InvalidName));
            Assert.That(() => StoreLimits.NameOf("job", name), Throws.ArgumentException);
            Assert.That(() => StoreLimits.NameOf(name, "main"), Throws.ArgumentException);
        }

        Assert.That(() => StoreLimits.NameOf("half \uD800", "main"), Throws.ArgumentException);
        Assert.That(store.Stats().Partitions, Is.Zero);
        var longest = StoreLimits.NameOf(new string('\u6F22', 200), "\U0001F40B");
        Assert.That(store.Open(longest).Epoch, Is.EqualTo(1));
    }

    [Test]
    public void There_are_10000_partitions_and_no_more()
    {
        var store = new StoreHarness();
        for (var i = 0; i < StoreLimits.MaxPartitions; i++)
            store.Open(new("job", $"{i}"));
        Assert.That(store.Open(new("job", "one more")).Problem, Is.EqualTo(StoreProblem.TooManyPartitions));
        Assert.That(store.Open(new("job", "77")).Epoch, Is.EqualTo(2));
    }

    [Test]
    public void Queries_that_are_malformed_are_declined()
    {
        var store = new StoreHarness();
        var random = new Random(13);
        var good = new List<byte[]>
        {
            StoreHarness.Bytes(output => StoreQuery.WriteGet(output, "k"u8)), StoreHarness.Bytes(output => StoreQuery.WriteTop(output, 10)), StoreHarness.Bytes(output => StoreQuery.WriteJob(output, Name)),
            StoreHarness.Bytes(StoreQuery.WriteStats), StoreHarness.Bytes(output => StoreQuery.WriteDeadLetters(output, Name, 5)),
        };
        foreach (var query in good)
        {
            for (var length = 0; length < query.Length; length++)
                AssertDeclined(store.Query(query[..length]));
            AssertDeclined(store.Query([.. query, 0]));
        }

        foreach (var limit in new[] { 0, -1, 10_001 })
            AssertDeclined(store.Query(output => StoreQuery.WriteTop(output, limit)));
        AssertDeclined(store.Query(output => StoreQuery.WriteDeadLetters(output, Name, 1_001)));
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(30)];
            random.NextBytes(bytes);
            store.Query(bytes);
        }
    }

    [Test]
    public void The_hash_of_no_bytes_is_that_of_no_bytes()
    {
        Assert.That(StoreLimits.EmptySha256.ToArray(), Is.EqualTo(SHA256.HashData([])));
    }

    private static void AssertDeclined(byte[] reply)
    {
        var reader = new MessagePackReader(reply);
        Assert.That(reader.TryReadArrayHeader(out var count) && reader.TryReadInt64(out var problem) && problem != 0 && count == 1, Is.True);
    }

    private static void AssertTop(StoreHarness store, Dictionary<string, long> model)
    {
        var top = store.Top(5);
        var rows = model.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Take(5).Select(pair => new CounterRow(pair.Key, pair.Value));
        Assert.That(top.Rows, Is.EqualTo(rows));
        Assert.That(top.Distinct, Is.EqualTo(model.Count));
        Assert.That(top.Total, Is.EqualTo(ReplyCode.Saturate(model.Values.Aggregate((Int128)0, (sum, value) => sum + value))));
        Assert.That(store.Stats().StateHash, Is.EqualTo(store.Hash));
    }

    private static long Number(Random random) => random.Next(4) switch
    {
        0 => random.NextInt64(long.MinValue, long.MaxValue),
        1 => random.Next(2) == 0 ? long.MaxValue : long.MinValue,
        _ => random.Next(-3, 4),
    };
}

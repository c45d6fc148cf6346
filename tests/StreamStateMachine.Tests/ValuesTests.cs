using System.Text;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class ValuesTests
{
    [TestCase("10", ValueKind.Integer)]
    [TestCase("-9223372036854775808", ValueKind.Integer)]
    [TestCase("9223372036854775807", ValueKind.Integer)]
    [TestCase("0", ValueKind.Integer)]
    [TestCase("9223372036854775808", ValueKind.Bytes)]
    [TestCase("010", ValueKind.Bytes)]
    [TestCase("-0", ValueKind.Bytes)]
    [TestCase("+1", ValueKind.Bytes)]
    [TestCase(" 1", ValueKind.Bytes)]
    [TestCase("", ValueKind.Bytes)]
    [TestCase("text", ValueKind.Bytes)]
    public void Only_the_canonical_text_of_an_integer_is_stored_as_one(string text, ValueKind kind)
    {
        var store = new StoreHarness();
        store.Batch(batch => batch.TrySet("k"u8, Encoding.UTF8.GetBytes(text)));
        var value = store.Values("k")[0];
        Assert.That(value.Kind, Is.EqualTo(kind));
        Assert.That(kind == ValueKind.Integer ? $"{value.Integer}" : Encoding.UTF8.GetString(value.Bytes.Span), Is.EqualTo(text));
    }

    [Test]
    public void Each_operation_has_its_own_result_and_sees_those_in_front_of_it()
    {
        var store = new StoreHarness();
        var results = store.Batch(static batch =>
        {
            batch.TryGet("k"u8);
            batch.TrySet("k"u8, "10"u8);
            batch.TryIncrement("k"u8, 5);
            batch.TrySet("k"u8, "text"u8);
            batch.TryIncrement("k"u8, 1);
            batch.TryGet("k"u8);
            batch.TryDelete("k"u8);
            batch.TryDelete("k"u8);
            batch.TryIncrement("k"u8, long.MaxValue);
            batch.TryIncrement("k"u8, 1);
        });
        Assert.That(results.Select(static result => $"{result.Problem} {StoreHarness.Describe(result.Value)} {result.Existed}"), Is.EqualTo((string[])
        [
            "None none False", "None none False", "None 15 True", "None none True", "WrongType none True", "None 'text' True", "None none True", "None none False",
            $"None {long.MaxValue} False", "Overflow none True",
        ]));
        Assert.That(store.Value("k"), Is.EqualTo($"{long.MaxValue}"));
    }

    [Test]
    public void A_key_that_turns_to_bytes_leaves_the_sums_and_comes_back_to_them()
    {
        var store = new StoreHarness();
        store.Batch(static batch => batch.TrySetAll([("7"u8.ToArray(), "70"u8.ToArray()), ("8"u8.ToArray(), "800"u8.ToArray()), ("word"u8.ToArray(), "1"u8.ToArray())]));
        Assert.That(Sums(store), Is.EqualTo("871 of 3 counters, 870 in 2, top 8 7 word"));
        store.Batch(static batch => batch.TrySet("8"u8, "eight"u8));
        Assert.That(Sums(store), Is.EqualTo("71 of 2 counters, 70 in 1, top 7 word"));
        store.Batch(static batch => batch.TrySet("9"u8, "nine"u8));
        Assert.That(Sums(store), Is.EqualTo("71 of 2 counters, 70 in 1, top 7 word"));
        Assert.That((store.Stats().Keys, store.Stats().ValueBytes), Is.EqualTo((4L, 9L)));
        store.Batch(static batch => batch.TrySet("8"u8, "5"u8));
        store.Delete("9");
        Assert.That(Sums(store), Is.EqualTo("76 of 3 counters, 75 in 2, top 7 8 word"));
        Assert.That((store.Stats().Keys, store.Stats().ValueBytes), Is.EqualTo((3L, 0L)));
    }

    [Test]
    public void What_is_meant_for_a_counter_is_declined_where_the_key_holds_bytes()
    {
        var store = new StoreHarness();
        store.Batch(static batch => batch.TrySet("k"u8, "text"u8));
        var hash = store.Hash;
        var declined = new CounterReply(StoreProblem.WrongType, 0, true, false);
        Assert.That(store.Add("k", 1), Is.EqualTo(declined));
        Assert.That(store.CompareAndSet("k", null, 1), Is.EqualTo(declined));
        Assert.That(store.CompareAndSet("k", 0, 1), Is.EqualTo(declined));
        CounterReply.TryRead(store.Apply(StoreHarness.Bytes(static output => StoreCommand.WriteMax(output, "k"u8, 1))), out var max);
        Assert.That(max, Is.EqualTo(declined));
        Assert.That(store.Get("k"), Is.EqualTo(declined), "a read of a counter is no number either");
        var many = store.Query(static output => StoreQuery.WriteGetMany(output, [StoreHarness.Utf8("other"), StoreHarness.Utf8("k")]));
        Assert.That(ValuesReply.TryRead(many, out var problem), Is.Empty);
        Assert.That(problem, Is.EqualTo(StoreProblem.WrongType));
        Assert.That(store.Hash, Is.EqualTo(hash));
        Assert.That(store.Delete("k"), Is.EqualTo(new CounterReply(StoreProblem.None, 0, false, true)));
        Assert.That(store.Add("k", 1).Value, Is.EqualTo(1));
    }

    [Test]
    public void Words_that_are_counted_into_bytes_are_declined_as_a_whole()
    {
        var store = new StoreHarness();
        var name = new PartitionName("job", "main");
        store.Batch(static batch => batch.TrySet("whale"u8, "text"u8));
        store.Open(name);
        var command = StoreHarness.AdvanceBytes(name, 1, 0, 10, [("ahab", 1), ("whale", 1)], 2);
        var reply = store.Advance(command);
        Assert.That((reply.Problem, reply.Offset), Is.EqualTo((StoreProblem.WrongType, 0L)));
        Assert.That((store.Value("ahab"), store.Value("whale")), Is.EqualTo(("none", "'text'")));
        store.Delete("whale");
        Assert.That(store.Advance(command).Problem, Is.EqualTo(StoreProblem.None));
        Assert.That(store.Value("whale"), Is.EqualTo("1"));
    }

    [Test]
    public void Bytes_and_keys_beyond_the_bounds_are_declined_also_after_a_restore()
    {
        var store = new StoreHarness(new CountingStore(new CountTable(3, 100, 10)));
        Assert.That(One(store, static batch => batch.TrySet("a"u8, "12345x"u8)), Is.EqualTo(BatchProblem.None));
        Assert.That(One(store, static batch => batch.TrySet("b"u8, "12345x"u8)), Is.EqualTo(BatchProblem.Full));
        Assert.That(One(store, static batch => batch.TrySet("a"u8, "12345678xx"u8)), Is.EqualTo(BatchProblem.None), "what it replaces makes room for it");
        Assert.That(One(store, static batch => batch.TrySet("b"u8, "1"u8)), Is.EqualTo(BatchProblem.None), "an integer takes none");
        Assert.That(One(store, static batch => batch.TrySetAll([("c"u8.ToArray(), "1"u8.ToArray()), ("d"u8.ToArray(), "1"u8.ToArray())])), Is.EqualTo(BatchProblem.Full));
        Assert.That(store.Value("c"), Is.EqualTo("none"), "all or none");
        var restored = new StoreHarness(new CountingStore(new CountTable(3, 100, 10)));
        restored.Restore(store.Snapshot());
        foreach (var replica in new[] { store, restored })
        {
            Assert.That(One(replica, static batch => batch.TrySet("b"u8, "x"u8)), Is.EqualTo(BatchProblem.Full));
            Assert.That(One(replica, static batch => batch.TrySetAll([("a"u8.ToArray(), "9"u8.ToArray()), ("b"u8.ToArray(), "x23456789x"u8.ToArray())])), Is.EqualTo(BatchProblem.None), "room that the first of them makes");
            Assert.That((replica.Value("a"), replica.Value("b")), Is.EqualTo(("9", "'x23456789x'")));
        }

        Assert.That(restored.Hash, Is.EqualTo(store.Hash));
    }

    [Test]
    public void Where_a_key_comes_twice_among_pairs_the_last_value_counts()
    {
        var store = new StoreHarness();
        store.Batch(static batch => batch.TrySetAll([("k"u8.ToArray(), "first"u8.ToArray()), ("j"u8.ToArray(), "2"u8.ToArray()), ("k"u8.ToArray(), "last"u8.ToArray())]));
        Assert.That((store.Value("k"), store.Value("j")), Is.EqualTo(("'last'", "2")));
    }

    [Test]
    public void Values_that_would_take_too_much_are_not_told_by_halves()
    {
        var store = new StoreHarness();
        var keys = Enumerable.Range(0, 257).Select(static i => (ReadOnlyMemory<byte>)StoreHarness.Utf8($"key {i}")).ToArray();
        foreach (var key in keys)
            store.Batch(batch => batch.TrySet(key.Span, new byte[StoreLimits.MaxValueBytes]));
        Assert.That(StoreValuesReply.TryRead(store.Query(output => StoreQuery.WriteGetValues(output, keys)), out var problem, out var values), Is.True);
        Assert.That((problem, values.Count), Is.EqualTo((StoreProblem.TooLarge, 0)));
        Assert.That(StoreValuesReply.TryRead(store.Query(output => StoreQuery.WriteGetValues(output, keys[1..])), out problem, out values), Is.True);
        Assert.That((problem, values.Count), Is.EqualTo((StoreProblem.None, 256)));
    }

    [Test]
    public void A_scan_tells_each_key_that_stays_once_while_others_come_and_go()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var store = new StoreHarness();
            var stays = Enumerable.Range(0, random.Next(1, 3_000)).Select(static i => $"stays {i}").ToHashSet(StringComparer.Ordinal);
            foreach (var key in stays)
                store.Batch(batch => batch.TrySet(StoreHarness.Utf8(key), key.Length % 2 == 0 ? "12"u8 : "text"u8));
            var told = new List<string>();
            var cursor = 0UL;
            do
            {
                var count = random.Next(1, 200);
                var (next, keys) = store.Scan(cursor, count);
                Assert.That(keys, Has.Count.LessThanOrEqualTo(count), "no two of these keys have one hash");
                told.AddRange(keys.Select(static key => Encoding.UTF8.GetString(key.Key.Span)));
                foreach (var key in keys.Where(static key => key.Key.Span[0] == 's'))
                    Assert.That(key.Kind, Is.EqualTo(key.Key.Length % 2 == 0 ? ValueKind.Integer : ValueKind.Bytes));
                for (var i = 0; i < 50; i++)
                {
                    var key = StoreHarness.Utf8($"comes and goes {random.Next(2_000)}");
                    store.Batch(batch => _ = random.Next(2) == 0 ? batch.TryDelete(key) : batch.TrySet(key, "x"u8));
                }

                cursor = next;
            }
            while (cursor != 0);
            Assert.That(told, Is.Unique);
            Assert.That(stays.IsSubsetOf(told), Is.True, $"seed {seed}");
        }
    }

    [Test]
    public void Random_batches_leave_what_a_dictionary_holds_through_captures_and_restores()
    {
        for (var seed = 0; seed < 25; seed++)
        {
            var random = new Random(seed);
            var model = new ValuesModel();
            var store = new StoreHarness();
            var keys = Enumerable.Range(0, random.Next(1, 60)).Select(static i => $"key {i}").ToArray();
            for (var step = 0; step < 300; step++)
            {
                var expected = new List<string>();
                var results = store.Batch(batch =>
                {
                    for (var more = random.Next(1, 10); more > 0; more--)
                        expected.Add(model.Do(random, keys[random.Next(keys.Length)], batch));
                });
                Assert.That(results.Select(static result => $"{result.Problem} {StoreHarness.Describe(result.Value)} {result.Existed}"), Is.EqualTo(expected), $"seed {seed}, step {step}");
                if (step % 40 != 39)
                    continue;
                Assert.That(store.Values(keys).Select(StoreHarness.Describe), Is.EqualTo(keys.Select(model.Describe)), $"seed {seed}, step {step}");
                Assert.That((store.Stats().Keys, store.Stats().Distinct, store.Stats().Total), Is.EqualTo(model.Stats), $"seed {seed}, step {step}");
                var restored = new StoreHarness();
                restored.Restore(store.Snapshot(), store.Index);
                Assert.That(restored.Hash, Is.EqualTo(store.Hash));
                if (random.Next(2) == 0)
                    store = restored;
            }
        }
    }

    [Test]
    public void Adds_allocate_nothing_also_where_there_are_bytes()
    {
        var store = new CountingStore();
        var bytes = new System.Buffers.ArrayBufferWriter<byte>(1 << 16);
        var batch = new StoreBatch();
        for (var i = 0; i < 100; i++)
            batch.TrySet(StoreHarness.Utf8($"text {i}"), "some text"u8);
        var adds = new Command[100];
        for (var i = 0; i < adds.Length; i++)
            adds[i] = new(new(new(i + 2), new(1)), 0, StoreHarness.Bytes(output => StoreCommand.WriteAdd(output, StoreHarness.Utf8($"{i}"), 1)));
        var ends = new int[adds.Length];
        var first = new Results(bytes, ends);
        store.Apply(new CommandBatch(new Command[] { new(new(new(1), new(1)), 0, batch.Command) }), ref first);
        for (var round = 0; round < 3; round++)
            Apply(round * adds.Length);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Apply(3 * adds.Length);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void Apply(int behind)
        {
            for (var i = 0; i < adds.Length; i++)
                adds[i] = adds[i] with { Position = new(new(behind + i + 2), new(1)) };
            bytes.ResetWrittenCount();
            var results = new Results(bytes, ends);
            store.Apply(new CommandBatch(adds), ref results);
        }
    }

    private static BatchProblem One(StoreHarness store, Action<StoreBatch> write) => store.Batch(write)[0].Problem;

    private static string Sums(StoreHarness store)
    {
        var (stats, top) = (store.Stats(), store.Top(10));
        RangeSumReply.TryRead(store.Query(static output => StoreQuery.WriteRangeSum(output, 0, 100)), out var range);
        Assert.That((top.Total, top.Distinct), Is.EqualTo((stats.Total, stats.Distinct)));
        return $"{stats.Total} of {stats.Distinct} counters, {range.Sum} in {range.Count}, top {string.Join(' ', top.Rows.Select(static row => row.Key))}";
    }
}

/// <summary>A store of values as plain text: what is an integer is told by .NET's own formatting.</summary>
internal sealed class ValuesModel
{
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    /// <summary>Keys, how many of them hold integers, and the sum of those, which the operations keep small.</summary>
    public (long Keys, long Distinct, long Total) Stats => (_texts.Count, _texts.Values.Count(IsInteger), _texts.Values.Where(IsInteger).Sum(long.Parse));

    /// <summary>An integer as its text, bytes as their text in quotes.</summary>
    public string Describe(string key) => !_texts.TryGetValue(key, out var text) ? "none" : IsInteger(text) ? text : $"'{text}'";

    /// <summary>Adds a random operation to the batch; what its result must be, in words.</summary>
    public string Do(Random random, string key, StoreBatch batch)
    {
        var existed = _texts.ContainsKey(key);
        switch (random.Next(6))
        {
            case 0:
                batch.TryDelete(StoreHarness.Utf8(key));
                _texts.Remove(key);
                return $"None none {existed}";
            case 1 when batch.TryGet(StoreHarness.Utf8(key)):
                return $"None {Describe(key)} {existed}";
            case 2:
                var delta = random.Next(-50, 50);
                batch.TryIncrement(StoreHarness.Utf8(key), delta);
                if (existed && !IsInteger(_texts[key]))
                    return "WrongType none True";
                _texts[key] = $"{(existed ? long.Parse(_texts[key], System.Globalization.CultureInfo.InvariantCulture) : 0) + delta}";
                return $"None {_texts[key]} {existed}";
            case 3:
                var (first, second) = (Text(random), Text(random));
                batch.TrySetAll([(StoreHarness.Utf8(key), StoreHarness.Utf8(first)), (StoreHarness.Utf8("key 0"), StoreHarness.Utf8(second))]);
                (_texts[key], _texts["key 0"]) = (first, second);
                return "None none False";
            default:
                _texts[key] = Text(random);
                batch.TrySet(StoreHarness.Utf8(key), StoreHarness.Utf8(_texts[key]));
                return $"None none {existed}";
        }
    }

    private static bool IsInteger(string text) => long.TryParse(text, out var number) && $"{number}" == text;

    private static string Text(Random random) => random.Next(5) switch
    {
        0 => $"{random.Next(-100, 100)}",
        1 => $"0{random.Next(100)}",
        2 => "",
        3 => new string('x', random.Next(20_000)),
        _ => $"text {random.Next(100)}",
    };
}

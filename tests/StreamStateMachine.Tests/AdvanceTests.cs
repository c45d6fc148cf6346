namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class AdvanceTests
{
    private static readonly PartitionName Name = new("job", "main");

    [Test]
    public void Copies_reorderings_and_old_readers_never_count_a_byte_twice_or_leave_one_out()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var source = Enumerable.Range(0, 60).Select(_ => $"w{random.Next(9)}").ToArray();
            var store = new StoreHarness();
            var sent = new List<byte[]>();
            var reader = store.Open(Name);
            var (epoch, next) = (reader.Epoch, reader.Offset);
            for (var step = 0; step < 3_000 && store.Job(Name).Offset < source.Length; step++)
            {
                switch (random.Next(10))
                {
                    case 0:
                        reader = store.Open(Name);
                        (epoch, next) = (reader.Epoch, reader.Offset);
                        break;
                    case < 4 when next < source.Length:
                        var to = Math.Min(source.Length, next + random.Next(1, 5));
                        var words = source[(int)next..(int)to];
                        sent.Add(StoreHarness.AdvanceBytes(Name, epoch, next, to, Counts(words).Select(pair => (pair.Key, pair.Value)), words.Length, Letters(random, next, to)));
                        next = to;
                        break;
                    case < 9 when sent.Count > 0:
                        store.Advance(sent[random.Next(2) == 0 ? sent.Count - 1 : random.Next(sent.Count)]);
                        break;
                    default:
                        if (store.Job(Name).Offset < next && random.Next(5) == 0)
                            next = store.Job(Name).Offset;
                        break;
                }

                var offset = (int)store.Job(Name).Offset;
                AssertCounted(store, source[..offset], $"seed {seed}, step {step}");
            }

            Assert.That(store.Job(Name).Offset, Is.EqualTo(source.Length), $"seed {seed} came to the end");
        }
    }

    [Test]
    public void Opening_gives_the_next_epoch_and_whoever_had_an_older_one_is_superseded()
    {
        var store = new StoreHarness();
        var opened = store.Open(Name);
        Assert.That((opened.Problem, opened.Epoch, opened.Offset, opened.Words, opened.DeadLetters), Is.EqualTo((StoreProblem.None, 1L, 0L, 0L, 0L)));
        Assert.That(opened.PrefixSha256, Is.EqualTo(StoreLimits.EmptySha256.ToArray()));
        var old = StoreHarness.AdvanceBytes(Name, 1, 0, 5, [("a", 1)], 1);
        Assert.That(store.Open(Name).Epoch, Is.EqualTo(2));
        Assert.That(store.Advance(old).Problem, Is.EqualTo(StoreProblem.Superseded));
        var applied = store.Advance(StoreHarness.AdvanceBytes(Name, 2, 0, 7, [("a", 2)], 2));
        Assert.That((applied.Problem, applied.Epoch, applied.Offset, applied.Words), Is.EqualTo((StoreProblem.None, 2L, 7L, 2L)));
        Assert.That(store.Advance(StoreHarness.AdvanceBytes(Name, 3, 7, 8, [])).Problem, Is.EqualTo(StoreProblem.NotOpened));
        Assert.That(store.Advance(StoreHarness.AdvanceBytes(new("other", "main"), 1, 0, 8, [])).Problem, Is.EqualTo(StoreProblem.NotOpened));
        Assert.That(store.Get("a").Value, Is.EqualTo(2));
    }

    [Test]
    public void A_command_over_no_bytes_may_change_nothing_because_a_copy_of_it_would_apply_again()
    {
        var store = new StoreHarness();
        store.Open(Name);
        var hash = store.Hash;
        Assert.That(store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 0, [("a", 1)])).Problem, Is.EqualTo(StoreProblem.Malformed));
        Assert.That(store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 0, [], words: 1)).Problem, Is.EqualTo(StoreProblem.Malformed));
        Assert.That(store.Hash, Is.EqualTo(hash));
    }

    [Test]
    public void One_sum_beyond_64_bits_declines_the_whole_command()
    {
        var store = new StoreHarness();
        store.Open(Name);
        store.Add("m", long.MaxValue);
        var (hash, snapshot) = (store.Hash, store.Snapshot());
        var reply = store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 9, [("a", 1), ("m", 1), ("z", 1)], 3));
        Assert.That((reply.Problem, reply.Offset), Is.EqualTo((StoreProblem.Overflow, 0L)));
        Assert.That(store.Hash, Is.EqualTo(hash));
        Assert.That(store.Snapshot(), Is.EqualTo(snapshot));
        store.Add("m", -1);
        Assert.That(store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 9, [("a", 1), ("m", 1), ("z", 1)], 3)).Offset, Is.EqualTo(9));
    }

    [Test]
    public void A_sum_of_words_beyond_64_bits_is_declined_too()
    {
        var store = new StoreHarness();
        store.Open(Name);
        store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 9, [], words: long.MaxValue));
        Assert.That(store.Advance(StoreHarness.AdvanceBytes(Name, 1, 9, 10, [], words: 1)).Problem, Is.EqualTo(StoreProblem.Overflow));
        Assert.That(store.Job(Name).Offset, Is.EqualTo(9));
    }

    [Test]
    public void The_newest_thousand_dead_letters_are_kept_and_all_are_counted()
    {
        var store = new StoreHarness();
        store.Open(Name);
        for (var batch = 0; batch < 15; batch++)
        {
            var letters = Enumerable.Range(0, 100).Select(i => new DeadLetter((batch * 1_000) + (i * 10), 10, $"start {i}")).ToList();
            Assert.That(store.Advance(StoreHarness.AdvanceBytes(Name, 1, batch * 1_000, (batch + 1) * 1_000, [], letters: letters)).Problem, Is.EqualTo(StoreProblem.None));
        }

        var newest = store.DeadLetters(Name, 1_000);
        Assert.That(newest.Count, Is.EqualTo(1_500));
        Assert.That(newest.Letters.Select(letter => letter.Offset), Is.EqualTo(Enumerable.Range(500, 1_000).Reverse().Select(i => i * 10L)));
        Assert.That(store.DeadLetters(Name, 2).Letters, Is.EqualTo(new DeadLetter[] { new(14_990, 10, "start 99"), new(14_980, 10, "start 98") }));
        Assert.That(store.Job(Name).DeadLetters, Is.EqualTo(1_500));
        var copy = new StoreHarness();
        copy.Restore(store.Snapshot());
        Assert.That(copy.Hash, Is.EqualTo(store.Hash), "those forgotten show in the count only");
    }

    [Test]
    public void Dead_letters_outside_the_command_or_over_each_other_are_malformed()
    {
        var store = new StoreHarness();
        store.Open(Name);
        store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 10, []));
        foreach (var letters in new List<DeadLetter>[]
        {
            [new(9, 2, "x")], [new(19, 2, "x")], [new(10, 0, "x")], [new(10, 1, "")], [new(10, 1, new string('x', 65))], [new(10, 5, "x"), new(14, 2, "y")], [new(15, 1, "x"), new(11, 1, "y")],
        })
            Assert.That(store.Advance(StoreHarness.AdvanceBytes(Name, 1, 10, 20, [], letters: letters)).Problem, Is.EqualTo(StoreProblem.Malformed));
        Assert.That(store.Advance(StoreHarness.AdvanceBytes(Name, 1, 10, 20, [], letters: [new(10, 5, "x"), new(15, 5, "y")])).Problem, Is.EqualTo(StoreProblem.None));
    }

    private static Dictionary<string, long> Counts(IEnumerable<string> words) =>
        words.GroupBy(word => word, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.LongCount(), StringComparer.Ordinal);

    private static List<DeadLetter> Letters(Random random, long from, long to) => random.Next(3) == 0 ? [new(from, to - from, "long")] : [];

    private static void AssertCounted(StoreHarness store, string[] words, string where)
    {
        var rows = store.Top(100).Rows.ToDictionary(row => row.Key, row => row.Value, StringComparer.Ordinal);
        Assert.That(rows, Is.EquivalentTo(Counts(words)), where);
        Assert.That(store.Job(Name).Words, Is.EqualTo(words.Length), where);
    }
}

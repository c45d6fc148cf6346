using System.Text;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
[NonParallelizable] // It measures the memory of the process.
public sealed class CountTableTests
{
    [Test]
    public void Random_changes_leave_what_a_dictionary_holds()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var table = new CountTable(1 << 20, 1 << 28);
            var model = new Dictionary<string, long>(StringComparer.Ordinal);
            var keys = 1 << random.Next(1, 12);
            var removing = random.Next(2, 8);
            for (var step = 0; step < 8_000; step++)
            {
                var key = Key(random.Next(keys));
                var number = table.Find(key);
                if (number >= 0 != model.ContainsKey(Text(key)))
                    Assert.Fail($"seed {seed}, step {step}: a key is found that is not there, or the other way round");
                if (random.Next(10) < removing)
                {
                    table.Add(key, step);
                    model[Text(key)] = model.GetValueOrDefault(Text(key)) + step;
                }
                else if (number >= 0)
                {
                    table.RemoveAt(number);
                    model.Remove(Text(key));
                }
            }

            AssertHolds(table, model, $"seed {seed}");
        }
    }

    [Test]
    public void A_table_that_was_filled_and_emptied_many_times_is_like_a_new_one()
    {
        var table = new CountTable(1 << 20, 1 << 28);
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i < 5_000; i++)
                table.Add(Key(i * (round + 1)), i + 1);
            Assert.That(table.Count, Is.EqualTo(5_000));
            for (var i = 0; i < 5_000; i++)
                table.RemoveAt(table.Find(Key(i * (round + 1))));
            Assert.That((table.Count, table.KeyBytes, table.Total, table.Hash), Is.EqualTo((0, 0L, (Int128)0, 0UL)));
        }
    }

    [Test]
    public void The_hash_depends_on_what_the_table_holds_and_not_on_the_way_there()
    {
        var random = new Random(3);
        var straight = new CountTable(1 << 20, 1 << 28);
        for (var i = 0; i < 3_000; i++)
            straight.Add(Key(i), i);
        var crooked = new CountTable(1 << 20, 1 << 28);
        foreach (var i in Enumerable.Range(0, 6_000).OrderBy(_ => random.Next()))
            crooked.Add(Key(i), -5);
        for (var i = 0; i < 3_000; i++)
            crooked.Add(Key(i), i + 5);
        for (var i = 3_000; i < 6_000; i++)
            crooked.RemoveAt(crooked.Find(Key(i)));
        Assert.That(crooked.Hash, Is.EqualTo(straight.Hash));
        var before = straight.Hash;
        straight.Add(Key(17), 1);
        Assert.That(straight.Hash, Is.Not.EqualTo(before));
        straight.Add(Key(18), -1);
        Assert.That(straight.Hash, Is.Not.EqualTo(before), "a value moved from one key to another is another state");
    }

    [Test]
    public void Keys_sort_by_their_bytes_whatever_they_share()
    {
        var random = new Random(5);
        var table = new CountTable(1 << 20, 1 << 28);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 4_000; i++)
        {
            var prefix = new string('p', random.Next(4) * 7) + new string('\0', random.Next(10));
            keys.Add(prefix + new string((char)random.Next(0, 3), random.Next(12)) + (random.Next(3) == 0 ? $"{random.Next(500)}" : "e"));
        }

        keys.Add(new string('p', 4_096));
        keys.Add(new string('p', 4_095));
        foreach (var key in keys)
            table.Add(Encoding.Latin1.GetBytes(key), 1);
        var sorted = table.Sorted().Select(number => Encoding.Latin1.GetString(table.KeyAt(number)));
        Assert.That(sorted, Is.EqualTo(keys.Order(StringComparer.Ordinal)));
    }

    [Test]
    public void The_top_list_is_that_of_a_full_sort_with_ties_by_key_bytes()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var table = new CountTable(1 << 20, 1 << 28);
            for (var i = random.Next(200); i > 0; i--)
                table.Add(Encoding.ASCII.GetBytes($"k{random.Next(150)}"), random.Next(-3, 4));
            var all = Enumerable.Range(0, table.Count).OrderByDescending(table.ValueAt).ThenBy(number => Encoding.ASCII.GetString(table.KeyAt(number)), StringComparer.Ordinal).ToList();
            foreach (var limit in new[] { 1, 2, 10, 150, 10_000 })
                Assert.That(TopList.Of(table, limit), Is.EqualTo(all.Take(limit)), $"seed {seed}, limit {limit}");
        }
    }

    [Test]
    public void Memory_of_removed_keys_is_used_again()
    {
        var table = new CountTable(1 << 20, 1 << 28);
        var key = new byte[4_096];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 50_000; i++)
        {
            BitConverter.TryWriteBytes(key, i);
            table.Add(key, 1);
            if (table.Count > 10)
                table.RemoveAt(0);
        }

        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(4 << 20), "200 MB of keys went through ten counters");
        Assert.That(table.Count, Is.EqualTo(10));
    }

    [Test]
    public void Its_bounds_count_keys_and_their_bytes()
    {
        var table = new CountTable(2, 10);
        Assert.That(table.HasRoomFor(2, 10), Is.True);
        Assert.That(table.HasRoomFor(3, 3), Is.False);
        Assert.That(table.HasRoomFor(1, 11), Is.False);
        table.Add("abcd"u8, 1);
        Assert.That(table.HasRoomFor(1, 6), Is.True);
        Assert.That(table.HasRoomFor(1, 7), Is.False);
        Assert.That(table.HasRoomFor(2, 2), Is.False);
        Assert.That(() => table.Add("1234567"u8, 1), Throws.TypeOf<InvariantException>());
    }

    [Test]
    public void The_key_hash_is_fixed_for_ever()
    {
        // Snapshots hold the state hash, so another function would refuse the snapshots of older releases.
        Assert.That(
            new[] { "a", "ab", "whale", "exactly8", "a key of more than eight bytes" }.Select(KeyHash.Of).Select(hash => $"{hash:x16}"),
            Is.EqualTo(new[] { "51fa23c6c19cd830", "797e02db4a352d1f", "b545870898b95ea7", "864f7cc05e714072", "e6f2d4eeff2f7895" }));
    }

    private static void AssertHolds(CountTable table, Dictionary<string, long> model, string where)
    {
        Assert.That(Enumerable.Range(0, table.Count).ToDictionary(number => Text(table.KeyAt(number)), table.ValueAt, StringComparer.Ordinal), Is.EquivalentTo(model), where);
        Assert.That(table.KeyBytes, Is.EqualTo(model.Keys.Sum(key => key.Length)), where);
        Assert.That(table.Total, Is.EqualTo((Int128)model.Values.Sum()), where);
        var fresh = table.Empty();
        foreach (var (key, value) in model)
            fresh.Add(Encoding.Latin1.GetBytes(key), value);
        Assert.That(table.Hash, Is.EqualTo(fresh.Hash), where);
    }

    /// <summary>Keys of very different lengths, so that pages end in odd places.</summary>
    private static byte[] Key(int number)
    {
        var key = new byte[1 + (number % 29) + (number % 97 == 0 ? 4_000 : 4)];
        key.AsSpan().Fill((byte)'k');
        BitConverter.TryWriteBytes(key, number);
        return key;
    }

    private static string Text(ReadOnlySpan<byte> key) => Encoding.Latin1.GetString(key);
}

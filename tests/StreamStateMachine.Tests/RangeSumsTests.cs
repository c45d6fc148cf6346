using System.Globalization;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class RangeSumsTests
{
    [TestCase("0", 0L)]
    [TestCase("7", 7L)]
    [TestCase("-7", -7L)]
    [TestCase("9223372036854775807", long.MaxValue)]
    [TestCase("-9223372036854775808", long.MinValue)]
    public void A_key_that_is_the_text_of_a_number_is_that_number(string key, long number)
    {
        Assert.That(IntegerKey.TryParse(StoreHarness.Utf8(key), out var read), Is.True);
        Assert.That(read, Is.EqualTo(number));
    }

    [TestCase("-0")]
    [TestCase("00")]
    [TestCase("07")]
    [TestCase("-07")]
    [TestCase("+7")]
    [TestCase(" 7")]
    [TestCase("7 ")]
    [TestCase("-")]
    [TestCase("1e3")]
    [TestCase("١")]
    [TestCase("9223372036854775808")]
    [TestCase("-9223372036854775809")]
    [TestCase("18446744073709551623")]
    [TestCase("99999999999999999999")]
    public void Any_other_key_is_no_number(string key) => Assert.That(IntegerKey.TryParse(StoreHarness.Utf8(key), out _), Is.False);

    [Test]
    public void Every_number_that_is_printed_is_read_again()
    {
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            var number = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            Assert.That(IntegerKey.TryParse(StoreHarness.Utf8(number.ToString(CultureInfo.InvariantCulture)), out var read), Is.True);
            Assert.That(read, Is.EqualTo(number));
        }
    }

    [Test]
    public void Sums_over_random_ranges_are_those_of_a_walk_whatever_comes_and_goes()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var spread = 1L << random.Next(4, 63);
            var (sums, model) = (new RangeSums(), new SortedDictionary<long, long>());
            for (var step = 0; step < 6_000; step++)
            {
                Change(sums, model, random, spread, isGrowing: step / 2_000 % 2 == 0);
                if (step % 50 == 0)
                    AssertRange(sums, model, Bound(random, spread), Bound(random, spread), $"seed {seed}, step {step}");
            }

            AssertRange(sums, model, long.MinValue, long.MaxValue, $"seed {seed}");
            Assert.That(sums.Count, Is.EqualTo(model.Count));
            Assert.That((long)sums.Blocks * RangeSums.BlockKeys * 16, Is.LessThanOrEqualTo((128L * model.Count) + (2 * RangeSums.BlockKeys * 16)), $"seed {seed}: the bound on memory");
        }
    }

    [Test]
    public void The_sum_of_the_largest_numbers_stays_exact_beyond_64_bits()
    {
        var store = new StoreHarness();
        for (var key = -3; key <= 3; key++)
            store.CompareAndSet($"{key}", null, long.MaxValue);
        store.CompareAndSet("07", null, 5);
        store.CompareAndSet("9223372036854775807", null, long.MinValue);
        Assert.That(Sum(store, -3, 3), Is.EqualTo(new RangeSum((Int128)long.MaxValue * 7, 7)));
        Assert.That(Sum(store, long.MinValue, long.MaxValue), Is.EqualTo(new RangeSum(((Int128)long.MaxValue * 7) + long.MinValue, 8)));
        Assert.That(Sum(store, long.MaxValue, long.MaxValue), Is.EqualTo(new RangeSum(long.MinValue, 1)));
        Assert.That(Sum(store, 3, -3), Is.EqualTo(default(RangeSum)), "an empty range");
    }

    [Test]
    public void A_restored_store_has_the_sums_of_the_one_that_was_saved_and_goes_on_like_it()
    {
        var random = new Random(7);
        var (first, second) = (new StoreHarness(), new StoreHarness());
        for (var i = 0; i < 5_000; i++)
            first.Add(random.Next(3) == 0 ? $"word {random.Next(500)}" : $"{random.Next(-2_000, 2_000)}", random.Next(-50, 50));
        second.Add("12345", 1);
        second.Restore(first.Snapshot(), first.Index);
        for (var i = 0; i < 3_000; i++)
        {
            var (key, delta, isDelete) = ($"{random.Next(-2_000, 2_000)}", random.Next(-50, 50), random.Next(2) == 0);
            foreach (var store in new[] { first, second })
            {
                if (isDelete)
                    store.Delete(key);
                else
                    store.Add(key, delta);
            }

            var (from, to) = (random.Next(-2_100, 2_100), random.Next(-2_100, 2_100));
            Assert.That(Sum(second, from, to), Is.EqualTo(Sum(first, from, to)));
        }

        Assert.That(Sum(second, 12345, 12345), Is.EqualTo(default(RangeSum)));
    }

    [Test]
    public void Integer_keys_that_come_and_go_allocate_nothing_once_warm()
    {
        var sums = new RangeSums();
        for (var key = 0; key < 20_000; key++)
            sums.Insert(key * 1_000, key);
        for (var warm = 0; warm < 3; warm++)
            Round();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Round();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void Round()
        {
            for (var key = 0; key < 10_000; key++)
                sums.Insert((key * 7919L % 10_007 * 1_000) + 1, key);
            for (var key = 0; key < 10_000; key++)
                sums.Remove((key * 7919L % 10_007 * 1_000) + 1);
        }
    }

    private static void Change(RangeSums sums, SortedDictionary<long, long> model, Random random, long spread, bool isGrowing)
    {
        var key = random.NextInt64(-spread, spread);
        if (!isGrowing && random.Next(3) > 0 && model.Count > 0)
            key = model.Keys.ElementAt(random.Next(Math.Min(model.Count, 40)));
        var value = random.NextInt64(long.MinValue, long.MaxValue);
        if (!model.ContainsKey(key))
        {
            sums.Insert(key, value);
            model.Add(key, value);
        }
        else if (isGrowing || random.Next(4) == 0)
        {
            sums.Set(key, value);
            model[key] = value;
        }
        else
        {
            sums.Remove(key);
            model.Remove(key);
        }
    }

    private static long Bound(Random random, long spread) => random.Next(20) switch
    {
        0 => long.MinValue,
        1 => long.MaxValue,
        _ => random.NextInt64(-spread, spread),
    };

    private static void AssertRange(RangeSums sums, SortedDictionary<long, long> model, long from, long to, string where)
    {
        var inside = model.Where(row => row.Key >= from && row.Key <= to).ToList();
        var expected = inside.Aggregate((Int128)0, static (sum, row) => sum + row.Value);
        Assert.That(sums.Between(from, to), Is.EqualTo(new RangeSum(expected, inside.Count)), $"{where}: {from} to {to}");
    }

    private static RangeSum Sum(StoreHarness store, long from, long to)
    {
        Assert.That(RangeSumReply.TryRead(store.Query(output => StoreQuery.WriteRangeSum(output, from, to)), out var sum), Is.True);
        return sum;
    }
}
